"""Google's OAuth 2.0 server without HTTP: clients, consent, codes, tokens, and how each of them dies."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.local.google.accounts import Account
from infra.local.google.signing import SigningKey
from infra.local.google.tokens import (
    SIGN_IN_SCOPES,
    Access,
    Client,
    Code,
    OAuthError,
    RefreshToken,
    in_googles_order,
    normalised,
)
from shared.clock import Clock

CODE_LIFETIME = dt.timedelta(minutes=10)
ACCESS_LIFETIME = dt.timedelta(hours=1)
IDLE_LIFETIME = dt.timedelta(days=182)
MAX_REFRESH_TOKENS = 100

Rotation = Literal["off", "grace", "strict"]


@dataclass
class OAuth:
    """The server's state. `token` mints unguessable strings; `rotation` and `refresh_lifetime` may change any time."""

    clock: Clock
    token: Callable[[], str]
    issuer: str
    key: SigningKey
    rotation: Rotation = "off"
    refresh_lifetime: dt.timedelta | None = None
    clients: dict[str, Client] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, Access] = field(default_factory=dict)
    granted: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def issue_code(
        self,
        account: Account,
        client_id: str,
        scopes: Iterable[str],
        *,
        redirect_uri: str,
        challenge: str = "",
        challenge_method: str = "",
        nonce: str = "",
        lasting: bool,
        merge_granted: bool = False,
    ) -> Code:
        """The person agreed to `scopes`. `lasting` where the exchange shall yield a refresh token."""
        known = self.granted.get((account.sub, client_id), frozenset())
        chosen = frozenset(normalised(scopes))
        self.granted[account.sub, client_id] = known | chosen
        code = Code(
            f"4/0{self.token()}",
            account,
            client_id,
            chosen | known if merge_granted else chosen,
            redirect_uri,
            challenge,
            challenge_method,
            nonce,
            lasting,
            self.clock.now() + CODE_LIFETIME,
        )
        self.codes[code.value] = code
        return code

    def has_grant(self, account: Account, client_id: str) -> bool:
        """Whether the person agreed to anything for this client, and has not revoked it."""
        return (account.sub, client_id) in self.granted

    def exchange(self, form: Mapping[str, str], client_id: str, secret: str) -> dict[str, object]:
        """The token endpoint.

        Raises:
            OAuthError: with Google's status, error and description.
        """
        grant_type = form.get("grant_type", "")
        if grant_type not in ("authorization_code", "refresh_token"):
            raise OAuthError(400, "unsupported_grant_type", f"Invalid grant_type: {grant_type}")
        client = self._client(client_id, secret)
        if grant_type == "authorization_code":
            return self._redeem(form, client)
        return self._refresh(form, client)

    def _client(self, client_id: str, secret: str) -> Client:
        if not client_id:
            raise OAuthError(400, "invalid_request", "Could not determine client ID from request.")
        client = self.clients.get(client_id)
        if client is None:
            raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
        if not secret:
            raise OAuthError(400, "invalid_request", "client_secret is missing.")
        if not hmac.compare_digest(secret.encode(), client.secret.encode()):
            raise OAuthError(401, "invalid_client", "Unauthorized")
        return client

    def _redeem(self, form: Mapping[str, str], client: Client) -> dict[str, object]:
        if not form.get("code"):
            raise OAuthError(400, "invalid_request", "Missing required parameter: code")
        code = self.codes.get(form["code"])
        if code is None:
            raise OAuthError(400, "invalid_grant", "Malformed auth code.")
        if code.used or code.client_id != client.client_id or self.clock.now() >= code.expires_at:
            raise OAuthError(400, "invalid_grant", "Bad Request")
        if form.get("redirect_uri", "") != code.redirect_uri:
            raise OAuthError(400, "redirect_uri_mismatch", "Bad Request")
        verifier = form.get("code_verifier", "")
        if code.challenge and not verifier:
            raise OAuthError(400, "invalid_grant", "Missing code verifier.")
        if verifier and not _proves(verifier, code):
            raise OAuthError(400, "invalid_grant", "Invalid code verifier.")
        code.used = True
        answer = self._answer(code.account, client.client_id, code.scopes, code.nonce)
        if code.lasting:
            answer.update(self._lasting(code.account, client.client_id, code.scopes))
        return answer

    def _refresh(self, form: Mapping[str, str], client: Client) -> dict[str, object]:
        if not form.get("refresh_token"):
            raise OAuthError(400, "invalid_request", "Missing required parameter: refresh_token")
        held = self.refresh_tokens.get(form["refresh_token"])
        now = self.clock.now()
        if held is not None and (now - held.used_at > IDLE_LIFETIME or (held.expires_at and now >= held.expires_at)):
            held = None
        if held is None:
            raise OAuthError(400, "invalid_grant", "Token has been expired or revoked.")
        if held.client_id != client.client_id:
            raise OAuthError(401, "unauthorized_client", "Unauthorized")
        if held.account.refresh_refusal:
            status = 401 if held.account.refresh_refusal == "deleted_client" else 400
            raise OAuthError(status, held.account.refresh_refusal, "Bad Request")
        held.used_at = now
        for old in [t for t in self.refresh_tokens.values() if t.successor == held.value]:
            del self.refresh_tokens[old.value]
        answer = self._answer(held.account, client.client_id, held.scopes, "")
        if self.rotation != "off":
            answer.update(self._lasting(held.account, client.client_id, held.scopes))
            held.successor = str(answer["refresh_token"])
            if self.rotation == "strict":
                del self.refresh_tokens[held.value]
        elif held.expires_at:
            answer["refresh_token_expires_in"] = int((held.expires_at - now).total_seconds())
        return answer

    def _answer(self, account: Account, client_id: str, scopes: frozenset[str], nonce: str) -> dict[str, object]:
        now = self.clock.now()
        access = f"ya29.{self.token()}{self.token()}"
        self.access_tokens[access] = Access(account, client_id, scopes, now + ACCESS_LIFETIME)
        answer: dict[str, object] = {
            "access_token": access,
            "expires_in": 3599,
            "scope": in_googles_order(scopes),
            "token_type": "Bearer",
        }
        if "openid" in scopes:
            answer["id_token"] = self._id_token(account, client_id, scopes, nonce, access)
        return answer

    def _lasting(self, account: Account, client_id: str, scopes: frozenset[str]) -> dict[str, object]:
        now = self.clock.now()
        ends = now + self.refresh_lifetime if self.refresh_lifetime else None
        fresh = RefreshToken(f"1//0{self.token()}", account, client_id, scopes, now, ends)
        mine = [t for t in self.refresh_tokens.values() if t.account is account and t.client_id == client_id]
        for oldest in mine[: max(0, len(mine) - MAX_REFRESH_TOKENS + 1)]:
            del self.refresh_tokens[oldest.value]
        self.refresh_tokens[fresh.value] = fresh
        answer: dict[str, object] = {"refresh_token": fresh.value}
        if self.refresh_lifetime:
            answer["refresh_token_expires_in"] = int(self.refresh_lifetime.total_seconds())
        return answer

    def _id_token(self, account: Account, client_id: str, scopes: frozenset[str], nonce: str, access: str) -> str:
        now = int(self.clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "azp": client_id,
            "aud": client_id,
            "sub": account.sub,
            "at_hash": _base64(hashlib.sha256(access.encode()).digest()[:16]),
            "iat": now,
            "exp": now + 3600,
        }
        if SIGN_IN_SCOPES[1] in scopes:
            claims |= {"email": account.email, "email_verified": True}
        if SIGN_IN_SCOPES[2] in scopes:
            claims["name"] = account.name
        return self.key.sign(claims | ({"nonce": nonce} if nonce else {}))

    def access(self, token: str) -> Access | None:
        """What an access token opens now, or None where it is unknown, expired or revoked."""
        found = self.access_tokens.get(token)
        if found and self.clock.now() >= found.expires_at:
            del self.access_tokens[token]
            return None
        return found

    def revoke(self, token: str) -> None:
        """End the whole grant that a refresh or access token belongs to.

        Raises:
            OAuthError: 400 `invalid_token`.
        """
        found = self.refresh_tokens.get(token) or self.access(token)
        if found is None:
            raise OAuthError(400, "invalid_token", "Token expired or revoked")
        self.end_grant(found.account, found.client_id)

    def end_grant(self, account: Account, client_id: str | None = None) -> None:
        """What the person does under "third-party access": nothing issued so far (to one client, or all) works on."""

        def ended(held: RefreshToken | Access | Code) -> bool:
            return held.account is account and client_id in (None, held.client_id)

        self.refresh_tokens = {k: t for k, t in self.refresh_tokens.items() if not ended(t)}
        self.access_tokens = {k: t for k, t in self.access_tokens.items() if not ended(t)}
        self.codes = {k: t for k, t in self.codes.items() if not ended(t)}
        self.granted = {k: s for k, s in self.granted.items() if k[0] != account.sub or client_id not in (None, k[1])}


def _proves(verifier: str, code: Code) -> bool:
    if not code.challenge:
        return False
    if code.challenge_method == "S256":
        return hmac.compare_digest(_base64(hashlib.sha256(verifier.encode()).digest()), code.challenge)
    return hmac.compare_digest(verifier.encode(), code.challenge.encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
