"""Who calls: app users by Firebase's ID tokens, the platform's own services and Google accounts by Google's, staff by
the assertion of Identity-Aware Proxy, which stands before what only they may open.

Every token goes the same way: its shape, its signature by a published key, its times, then what this very caller's
tokens must say. Whatever is wrong, the caller learns one and the same thing; operators find the reason in the log.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from shared import log
from shared.clock import Clock
from shared.cloud.http import Sender
from shared.cloud.keys import PublishedKeys
from shared.cloud.sign_ins import SignIns
from shared.cloud.tokens import LEEWAY_S, Tokens, Unbelieved, demand, issuer_said, past, subject_of
from shared.config import Settings
from shared.errors import NotPermitted

T = TypeVar("T")
_ASSERTION = "x-goog-iap-jwt-assertion"
_IAP = "https://cloud.google.com/iap"
_LONGEST_ASSERTION_S = 600 + 2 * LEEWAY_S
_GOOGLE = ("https://accounts.google.com", "accounts.google.com")


@dataclass(frozen=True, slots=True)
class AppUser:
    """A person signed in to the app. `uid` is safe as a document id."""

    uid: str


@dataclass(frozen=True, slots=True)
class Service:
    """One of the platform's own services."""

    email: str


@dataclass(frozen=True, slots=True)
class GoogleSubject:
    """A Google account: `sub` never changes, `email` may, and may be absent."""

    sub: str
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Staff:
    """A Google account that Identity-Aware Proxy let through. Whether it is a member of staff, and what they may do,
    the roster says. `sub` never changes, `email` may."""

    sub: str
    email: str = field(repr=False)


class Headers(Protocol):
    """A request's headers: every value there is of one."""

    def getlist(self, key: str) -> list[str]: ...


class _Request(Protocol):
    @property
    def headers(self) -> Headers: ...


class Identities:
    """Who calls one `function`. Tokens for another function, project or client are as good as none."""

    def __init__(self, settings: Settings, *, function: str, http: Sender, clock: Clock) -> None:
        self._settings = settings
        self._function = function
        self._audience = f"{settings.machine_url or settings.public_url}/{function}"
        self._clock = clock
        self._firebase = Tokens(PublishedKeys(settings.firebase_certs_url, http=http, clock=clock), clock)
        self._google = Tokens(PublishedKeys(settings.google_certs_url, http=http, clock=clock), clock)
        self._iap = Tokens(PublishedKeys(settings.iap_certs_url, http=http, clock=clock, algorithm="ES256"), clock)
        self._sign_ins = SignIns(settings, http=http, clock=clock)

    async def app_user(self, request: _Request) -> AppUser:
        """The person whose Firebase ID token the request bears, and whose sign-in has not been revoked since.

        Raises:
            NotPermitted: `unauthenticated`, whatever is wrong with the token.
            Unavailable: `keys_unavailable`: Firebase does not answer, so nobody can be believed.
        Source: firebase.google.com/docs/auth/admin/verify-id-tokens, November 2026.
        """
        return AppUser(await self._accept(lambda: _bearer(request), self._app_user_of))

    async def scheduler(self, request: _Request) -> Service:
        """Cloud Scheduler, calling this function with its own service account. Raises as `app_user` does."""
        return await self._service(request, self._settings.scheduler_account)

    async def tasks(self, request: _Request) -> Service:
        """Cloud Tasks, calling this function with its own service account. Raises as `app_user` does."""
        return await self._service(request, self._settings.tasks_account)

    async def reader(self, request: _Request) -> "AppUser | GoogleSubject":
        """Somebody who may be given data: a person signed in to the app, or a system elsewhere that calls this
        function's public address with a Google account of its own. Whose account that is, the caller must find out.

        Raises as `app_user` does.
        """
        return await self._accept(lambda: _bearer(request), self._reader_of)

    async def staff(self, request: _Request) -> Staff:
        """Whom Identity-Aware Proxy let through, by the header that it signs. Its unsigned headers can be sent by
        anybody who goes round it, and are never read.

        Raises as `app_user` does.
        Source: docs.cloud.google.com/iap/docs/signed-headers-howto, November 2026.
        """
        return await self._accept(lambda: _only(request, _ASSERTION), self._staff_of)

    async def google_subject(self, id_token: str, *, nonce: str | None = None) -> GoogleSubject:
        """The account an ID token from Google's token endpoint speaks of, made for our client.

        `nonce`, where we sent one, must come back. Raises as `app_user` does.
        Source: developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken, November 2026.
        """
        return await self._accept(lambda: id_token, lambda token: self._subject_of(token, nonce))

    async def _service(self, request: _Request, account: str) -> Service:
        return await self._accept(lambda: _bearer(request), lambda token: self._service_of(token, account))

    async def _accept(self, read: Callable[[], str], believe: Callable[[str], Awaitable[T]]) -> T:
        try:
            return await believe(read())
        except Unbelieved as why:
            log.event("identity.refused", "NOTICE", reason=str(why))
            raise NotPermitted("unauthenticated", "a valid token is needed") from None

    async def _app_user_of(self, token: str) -> str:
        claims = await self._firebase.claims(token)
        project = self._settings.firebase_project
        demand(claims.get("iss") == f"https://securetoken.google.com/{project}", "issuer")
        demand(claims.get("aud") == project, "audience")
        demand(past(claims.get("auth_time"), self._clock), "auth_time")
        uid = subject_of(claims)
        demand(_fit_for_path(uid), "subject")
        demand(await self._sign_ins.count(uid, token, claims["auth_time"]), "revoked")
        return uid

    async def _reader_of(self, token: str) -> "AppUser | GoogleSubject":
        # What the token says of its issuer decides by whose keys it is checked, and nothing more.
        if issuer_said(token, "RS256") not in (*_GOOGLE, self._settings.google_issuer):
            return AppUser(await self._app_user_of(token))
        return await self._subject_for(token, f"{self._settings.public_url}/{self._function}")

    async def _staff_of(self, token: str) -> Staff:
        claims = await self._iap.claims(token)
        demand(claims.get("iss") == _IAP, "issuer")
        audience = self._settings.iap_audience
        demand(bool(audience) and claims.get("aud") == audience, "audience")
        demand(claims["exp"] - claims["iat"] <= _LONGEST_ASSERTION_S, "lifetime")
        domain, email = self._settings.staff_domain, claims.get("email")
        demand(not domain or claims.get("hd") == domain, "domain")
        if not isinstance(email, str) or email.count("@") != 1 or not email.isprintable():
            raise Unbelieved("email")
        return Staff(subject_of(claims), email)

    async def _service_of(self, token: str, account: str) -> Service:
        claims = await self._google.claims(token)
        self._demand_google(claims, self._audience)
        demand(claims.get("email_verified") is True, "email_verified")
        demand(claims.get("email") == account, "account")
        return Service(account)

    async def _subject_of(self, token: str, nonce: str | None) -> GoogleSubject:
        return await self._subject_for(token, self._settings.google_client_id, nonce)

    async def _subject_for(self, token: str, audience: str, nonce: str | None = None) -> GoogleSubject:
        claims = await self._google.claims(token)
        self._demand_google(claims, audience)
        demand(nonce is None or claims.get("nonce") == nonce, "nonce")
        email = claims.get("email")
        return GoogleSubject(subject_of(claims), email if isinstance(email, str) else None)

    def _demand_google(self, claims: Mapping[str, Any], audience: str) -> None:
        demand(claims.get("iss") in (*_GOOGLE, self._settings.google_issuer), "issuer")
        demand(claims.get("aud") == audience, "audience")


def _bearer(request: _Request) -> str:
    scheme, _, token = _only(request, "authorization").partition(" ")
    demand(scheme.lower() == "bearer", "scheme")
    return token.strip(" ")


def _only(request: _Request, header: str) -> str:
    given = request.headers.getlist(header)
    demand(len(given) == 1, "header" if given else "none")
    return given[0]


def _fit_for_path(uid: str) -> bool:
    """Whether a uid may stand in a document path as it is: an administrator may give users ids of any characters."""
    reserved = uid in (".", "..") or (uid.startswith("__") and uid.endswith("__"))
    return not reserved and "/" not in uid and uid.isprintable()
