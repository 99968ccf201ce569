"""Google's OAuth 2.0 side: consent URL, code exchange, refresh, revocation.

Source: developers.google.com/identity/protocols/oauth2/web-server, November 2026.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Protocol
from urllib.parse import urlencode

import msgspec

from shared import log
from shared.clock import Clock
from shared.cloud.http import Answer, Sender
from shared.config import Settings
from shared.connection.ports import Grant, Refreshed
from shared.errors import NotPermitted, Refused, Unavailable
from shared.source.google_fit.retry import patiently, retry_after_s
from shared.source.google_fit.scopes import SCOPES, kinds_of
from shared.vocabulary import Kind, Language

CLIENT_SECRET = "oauth-client-secret"  # nosec B105: the secret's name, not the secret
EXPIRY_MARGIN = timedelta(seconds=120)
"""An access token this close to its end is as good as dead: a call may outlive it, and clocks differ."""
_OUR_FAULT = frozenset(
    {"invalid_client", "unauthorized_client", "deleted_client", "redirect_uri_mismatch", "invalid_scope"}
)


class _Secret(Protocol):
    @property
    def value(self) -> bytes: ...


class _Secrets(Protocol):
    async def get(self, name: str) -> _Secret: ...


class _Subject(Protocol):
    @property
    def sub(self) -> str: ...


class _Identities(Protocol):
    async def google_subject(self, id_token: str, *, nonce: str | None = None) -> _Subject: ...


_Token = Annotated[str, msgspec.Meta(max_length=8192, pattern=r"^[\x21-\x7e]*\Z")]
"""As it may stand in a header. Google's own bounds are 2,048 bytes for access tokens and 512 for refresh tokens."""


class _TokenAnswer(msgspec.Struct):
    access_token: _Token
    expires_in: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    refresh_token: _Token = ""
    scope: str = ""
    id_token: str = ""


class _ErrorAnswer(msgspec.Struct):
    error: str = ""
    error_subtype: str = ""


class GoogleAuthority:
    """Google as `connection.ports.Authority`."""

    def __init__(
        self, settings: Settings, *, http: Sender, secrets: _Secrets, identities: _Identities, clock: Clock
    ) -> None:
        self._settings = settings
        self._http = http
        self._secrets = secrets
        self._identities = identities
        self._clock = clock

    def consent_url(
        self, kinds: Sequence[Kind], *, state: str, challenge: str, nonce: str, redirect_uri: str, language: Language
    ) -> str:
        """As the port. `prompt=consent`, since Google else gives a returning person no refresh token."""
        query = {
            "response_type": "code",
            "client_id": self._settings.google_client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(["openid", *(SCOPES[kind] for kind in kinds)]),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
            "hl": language.value,
        }
        return f"{self._settings.google_accounts_url}?{urlencode(query)}"

    async def exchange(self, code: str, *, verifier: str, redirect_uri: str, nonce: str, scope_hint: str) -> Grant:
        """As the port. Sent once: a code is spent by the first exchange, answered or not."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if verifier:
            form["code_verifier"] = verifier
        asked_at = self._clock.now()
        answer = await self._token_call(form)
        if answer.status != 200:
            raise _exchange_fault(answer)
        token = _decoded(answer)
        try:
            account = await self._identities.google_subject(token.id_token, nonce=nonce or None)
        except NotPermitted:
            raise Refused("code_refused", "the account could not be established") from None
        # RFC 6749 §5.1 lets `scope` be left out where it is what was asked for; Google's redirect then names it.
        granted = (token.scope or scope_hint).split()
        return Grant(
            asked_at=asked_at,
            subject=account.sub,
            kinds=kinds_of(granted),
            access_token=token.access_token,
            access_expires_at=self._clock.now() + timedelta(seconds=token.expires_in) - EXPIRY_MARGIN,
            refresh_token=token.refresh_token or None,
        )

    async def refresh(self, refresh_token: str) -> Refreshed:
        """As the port. Tried again in place: the caller has a lease, and Google lets the old token be used again."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = await patiently(lambda: self._token_call(form), self._clock)
        if answer.status != 200:
            raise _refresh_fault(answer)
        token = _decoded(answer)
        return Refreshed(
            access_token=token.access_token,
            access_expires_at=self._clock.now() + timedelta(seconds=token.expires_in) - EXPIRY_MARGIN,
            refresh_token=token.refresh_token or None,
            kinds=kinds_of(token.scope.split()) if token.scope else None,
        )

    async def revoke(self, token: str) -> None:
        """As the port. Google answers 400 `invalid_token` for one that is dead already."""
        answer = await patiently(
            lambda: self._http.send("POST", self._settings.google_revoke_url, form={"token": token}), self._clock
        )
        if answer.status == 200 or (
            answer.status == 400 and _error(answer).error in ("invalid_token", "invalid_grant")
        ):
            return
        raise _unavailable(answer)

    async def _token_call(self, form: Mapping[str, str]) -> Answer:
        secret = await self._secrets.get(CLIENT_SECRET)
        client = {"client_id": self._settings.google_client_id, "client_secret": secret.value.decode()}
        return await self._http.send("POST", self._settings.google_token_url, form={**form, **client})


def _exchange_fault(answer: Answer) -> Exception:
    error = _error(answer).error
    if error in _OUR_FAULT:
        return _our_fault(error)
    if 400 <= answer.status < 500 and answer.status != 429:
        return Refused("code_refused", "Google refused the code")
    return _unavailable(answer)


def _refresh_fault(answer: Answer) -> Exception:
    error = _error(answer).error
    if error in _OUR_FAULT:
        return _our_fault(error)
    if error == "invalid_grant":
        return Refused("token_dead", "Google says the grant is no longer valid")
    if answer.status < 500 and answer.status != 429:
        # A refusal we do not know must not cost the person their link.
        log.event("google.refresh_unexplained", "ERROR", upstream_status=answer.status)
    return _unavailable(answer)


def _our_fault(error: str) -> Refused:
    log.event("google.client_refused", "CRITICAL", reason=error)
    return Refused("google_client_refused", "Google refused our own credentials")


def _unavailable(answer: Answer) -> Unavailable:
    code = "upstream_rate_limited" if answer.status == 429 else "upstream_unavailable"
    return Unavailable(code, f"Google answered {answer.status}", retry_after_s=retry_after_s(answer))


def _decoded(answer: Answer) -> _TokenAnswer:
    try:
        return msgspec.json.decode(answer.body, type=_TokenAnswer)
    except (ValueError, RecursionError):
        raise Unavailable("upstream_malformed", "Google's token answer cannot be read") from None


def _error(answer: Answer) -> _ErrorAnswer:
    try:
        return msgspec.json.decode(answer.body, type=_ErrorAnswer)
    except (ValueError, RecursionError):
        return _ErrorAnswer()
