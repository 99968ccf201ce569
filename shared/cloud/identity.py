"""Who calls: app users by Firebase's ID tokens, the platform's own services and Google accounts by Google's.

Every token goes the same way: its shape, its signature by a published key, its times, then what this very caller's
tokens must say. Whatever is wrong, the caller learns one and the same thing; operators find the reason in the log.
"""

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, TypeVar

from shared import log
from shared.clock import Clock
from shared.cloud.http import Sender
from shared.cloud.keys import PublishedKeys
from shared.cloud.sign_ins import SignIns
from shared.config import Settings
from shared.errors import NotPermitted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MAX_TOKEN_CHARS = 8192
LEEWAY_S = 30
MAX_SUBJECT_CHARS = 128
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# Each asks the reader to trust or to do something beyond checking the signature with a key it already has.
_REFUSED_HEADERS = frozenset({"crit", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "b64", "zip", "enc", "cty"})
T = TypeVar("T")
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


class _Headers(Protocol):
    def getlist(self, key: str) -> list[str]: ...


class _Request(Protocol):
    @property
    def headers(self) -> _Headers: ...


class _Unbelieved(Exception):
    """A token is not to be believed, for the reason given in one fixed word."""


class Identities:
    """Who calls one `function`. Tokens for another function, project or client are as good as none."""

    def __init__(self, settings: Settings, *, function: str, http: Sender, clock: Clock) -> None:
        self._settings = settings
        self._function = function
        self._audience = f"{settings.machine_url or settings.public_url}/{function}"
        self._clock = clock
        self._firebase = PublishedKeys(settings.firebase_certs_url, http=http, clock=clock)
        self._google = PublishedKeys(settings.google_certs_url, http=http, clock=clock)
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
        except _Unbelieved as why:
            log.event("identity.refused", "NOTICE", reason=str(why))
            raise NotPermitted("unauthenticated", "a valid token is needed") from None

    async def _app_user_of(self, token: str) -> str:
        claims = await self._claims(token, self._firebase)
        project = self._settings.firebase_project
        _demand(claims.get("iss") == f"https://securetoken.google.com/{project}", "issuer")
        _demand(claims.get("aud") == project, "audience")
        _demand(_past(claims.get("auth_time"), self._clock), "auth_time")
        uid = _subject(claims)
        _demand(_fit_for_path(uid), "subject")
        _demand(await self._sign_ins.count(uid, token, claims["auth_time"]), "revoked")
        return uid

    async def _reader_of(self, token: str) -> "AppUser | GoogleSubject":
        # What the token says of its issuer decides by whose keys it is checked, and nothing more.
        if _issuer_said(token) not in (*_GOOGLE, self._settings.google_issuer):
            return AppUser(await self._app_user_of(token))
        return await self._subject_for(token, f"{self._settings.public_url}/{self._function}")

    async def _service_of(self, token: str, account: str) -> Service:
        claims = await self._claims(token, self._google)
        self._demand_google(claims, self._audience)
        _demand(claims.get("email_verified") is True, "email_verified")
        _demand(claims.get("email") == account, "account")
        return Service(account)

    async def _subject_of(self, token: str, nonce: str | None) -> GoogleSubject:
        return await self._subject_for(token, self._settings.google_client_id, nonce)

    async def _subject_for(self, token: str, audience: str, nonce: str | None = None) -> GoogleSubject:
        claims = await self._claims(token, self._google)
        self._demand_google(claims, audience)
        _demand(nonce is None or claims.get("nonce") == nonce, "nonce")
        email = claims.get("email")
        return GoogleSubject(_subject(claims), email if isinstance(email, str) else None)

    def _demand_google(self, claims: Mapping[str, Any], audience: str) -> None:
        _demand(claims.get("iss") in (*_GOOGLE, self._settings.google_issuer), "issuer")
        _demand(claims.get("aud") == audience, "audience")

    async def _claims(self, token: str, keys: PublishedKeys) -> Mapping[str, Any]:
        """What a token says, once its signature and its times have been found good."""
        key_id = _key_id(token)
        key = await keys.find(key_id)
        if key is None:
            raise _Unbelieved("key_unknown")
        claims = _verified(token, key)
        expires, now = claims.get("exp"), self._clock.now().timestamp()
        _demand(_whole(expires) and expires > now - LEEWAY_S, "expired")
        _demand(_past(claims.get("iat"), self._clock), "issued_at")
        _demand("nbf" not in claims or _past(claims["nbf"], self._clock), "not_before")
        return claims


def _bearer(request: _Request) -> str:
    given = request.headers.getlist("authorization")
    _demand(len(given) == 1, "header" if given else "none")
    scheme, _, token = given[0].partition(" ")
    _demand(scheme.lower() == "bearer", "scheme")
    return token.strip(" ")


def _key_id(token: str) -> str:
    _demand(len(token) <= MAX_TOKEN_CHARS, "size")
    _demand(_COMPACT.fullmatch(token) is not None, "shape")
    header = _json_object(token.partition(".")[0])
    _demand(header.get("alg") == "RS256", "algorithm")
    _demand(str(header.get("typ", "JWT")).upper() == "JWT", "type")
    _demand(not _REFUSED_HEADERS & header.keys(), "header_field")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise _Unbelieved("key_id")
    return key_id


def _issuer_said(token: str) -> object:
    """Who is said to have issued a token of the right shape; nothing of it is believed yet."""
    _key_id(token)
    return _json_object(token.split(".")[1]).get("iss")


def _json_object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise _Unbelieved("shape") from None
    if not isinstance(value, dict):
        raise _Unbelieved("shape")
    return value


def _verified(token: str, key: "RSAPublicKey") -> dict[str, Any]:
    import jwt

    try:
        # The signature alone: times are checked against our own clock, names against exactly what is expected.
        jwt.api_jws.decode(token, key, algorithms=["RS256"])
    except jwt.PyJWTError:
        raise _Unbelieved("signature") from None
    return _json_object(token.split(".")[1])


def _subject(claims: Mapping[str, Any]) -> str:
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= MAX_SUBJECT_CHARS:
        raise _Unbelieved("subject")
    return sub


def _fit_for_path(uid: str) -> bool:
    """Whether a uid may stand in a document path as it is: an administrator may give users ids of any characters."""
    reserved = uid in (".", "..") or (uid.startswith("__") and uid.endswith("__"))
    return not reserved and "/" not in uid and uid.isprintable()


def _past(instant: object, clock: Clock) -> bool:
    return _whole(instant) and instant <= clock.now().timestamp() + LEEWAY_S


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _demand(holds: bool, reason: str) -> None:
    if not holds:
        raise _Unbelieved(reason)
