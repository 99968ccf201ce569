"""The consent screen's rules: which requests Google shows it for, and what a decision leads to."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from infra.local.google.accounts import Account
from infra.local.google.catalogue import READ_SCOPES
from infra.local.google.oauth import OAuth
from infra.local.google.tokens import SIGN_IN_SCOPES, Client, in_googles_order, normalised

_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_PROMPTS = frozenset({"none", "consent", "select_account"})
_KNOWN_SCOPES = frozenset({*SIGN_IN_SCOPES, "email", "profile", *READ_SCOPES}) | {
    f"https://www.googleapis.com/auth/fitness.{group}.read"
    for group in ("location", "nutrition", "reproductive_health")
}


class Refusal(Exception):
    """A request that Google shows an error page for, and never sends the browser back from."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(f"{status} {error}: {detail}")
        self.status = status
        self.error = error
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A valid authorization request."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    nonce: str
    challenge: str
    challenge_method: str
    offline: bool
    prompts: frozenset[str]
    merge_granted: bool
    login_hint: str

    @property
    def to_tick(self) -> list[str]:
        """Scopes the person may leave out; who they are is not among them."""
        return [s for s in normalised(self.scopes) if s not in SIGN_IN_SCOPES]


def read_request(query: Mapping[str, str], clients: Mapping[str, Client]) -> ConsentRequest | Refusal:
    """Check an authorization request as Google does."""
    client = clients.get(query.get("client_id", ""))
    fault = _client_fault(query, client) or _wish_fault(query) or _pkce_fault(query)
    if fault or client is None:
        return fault or Refusal(401, "invalid_client", "The OAuth client was not found.")
    challenge = query.get("code_challenge", "")
    return ConsentRequest(
        client,
        query["redirect_uri"],
        tuple(dict.fromkeys(query["scope"].split())),
        query.get("state", ""),
        query.get("nonce", ""),
        challenge,
        query.get("code_challenge_method", "plain") if challenge else "",
        query.get("access_type", "online") == "offline",
        frozenset(query.get("prompt", "").split()),
        query.get("include_granted_scopes", "false") == "true",
        query.get("login_hint", ""),
    )


def hinted(request: ConsentRequest, accounts: Iterable[Account]) -> Account | None:
    """Whom the request says it is about, by e-mail address or by subject. Nobody is guessed."""
    return next((a for a in accounts if request.login_hint in (a.email, a.sub)), None)


def _client_fault(query: Mapping[str, str], client: Client | None) -> Refusal | None:
    if not query.get("client_id"):
        return Refusal(400, "invalid_request", "Missing required parameter: client_id")
    if client is None:
        return Refusal(401, "invalid_client", "The OAuth client was not found.")
    if not query.get("redirect_uri"):
        return Refusal(400, "invalid_request", "Missing required parameter: redirect_uri")
    if query["redirect_uri"] not in client.redirect_uris:
        return Refusal(400, "redirect_uri_mismatch", "The redirect URI in the request is not registered.")
    return None


def _wish_fault(query: Mapping[str, str]) -> Refusal | None:
    for name in ("response_type", "scope"):
        if not query.get(name, "").strip():
            return Refusal(400, "invalid_request", f"Missing required parameter: {name}")
    if query["response_type"] != "code":
        return Refusal(400, "unsupported_response_type", "Only the code flow exists here.")
    unknown = [s for s in query["scope"].split() if s not in _KNOWN_SCOPES]
    if unknown:
        return Refusal(400, "invalid_scope", f"Some requested scopes were invalid. {unknown}")
    prompts = query.get("prompt", "").split()
    allowed = {
        "access_type": query.get("access_type", "online") in ("online", "offline"),
        "prompt": _PROMPTS.issuperset(prompts) and not ("none" in prompts and len(prompts) > 1),
        "include_granted_scopes": query.get("include_granted_scopes", "false") in ("true", "false"),
    }
    wrong = next((name for name, fine in allowed.items() if not fine), None)
    return Refusal(400, "invalid_request", f"Invalid parameter value for {wrong}") if wrong else None


def _pkce_fault(query: Mapping[str, str]) -> Refusal | None:
    challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "")
    if method and not challenge:
        return Refusal(400, "invalid_request", "Missing required parameter: code_challenge")
    if method not in ("", "plain", "S256"):
        return Refusal(400, "invalid_request", "Invalid parameter value for code_challenge_method")
    if challenge and not _CHALLENGE.fullmatch(challenge):
        return Refusal(400, "invalid_request", "Code challenge must be a base64 encoded SHA256 hash.")
    return None


def decide(
    oauth: OAuth, request: ConsentRequest, account: Account | None, ticked: Iterable[str], *, allow: bool
) -> str:
    """The address to send the browser to. A person who ticks nothing but who they are has still agreed to that; one
    who is nobody yet can only decline."""
    state = {"state": request.state} if request.state else {}
    known = account is not None and oauth.has_grant(account, request.client.client_id)
    if "none" in request.prompts and not known:
        return _back(request.redirect_uri, {"error": "interaction_required", **state})
    chosen = set(normalised(ticked))
    granted = [s for s in normalised(request.scopes) if s in SIGN_IN_SCOPES or s in chosen]
    if account is None or not allow or not granted:
        return _back(request.redirect_uri, {"error": "access_denied", **state})
    code = oauth.issue_code(
        account,
        request.client.client_id,
        granted,
        redirect_uri=request.redirect_uri,
        challenge=request.challenge,
        challenge_method=request.challenge_method,
        nonce=request.nonce,
        # A person who comes back is given no new refresh token, unless the request insists on consent.
        lasting=request.offline and (not known or "consent" in request.prompts),
        merge_granted=request.merge_granted,
    )
    said = [alias for alias in ("email", "profile") if f"{SIGN_IN_SCOPES[1][:-5]}{alias}" in code.scopes]
    scope = in_googles_order([*said, *code.scopes])
    return _back(
        request.redirect_uri,
        {**state, "iss": oauth.issuer, "code": code.value, "scope": scope, "authuser": "0", "prompt": "consent"},
    )


def _back(redirect_uri: str, parameters: dict[str, str]) -> str:
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(parameters)}"
