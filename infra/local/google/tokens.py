"""What Google's OAuth server hands out and remembers, and its words for a refusal."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from infra.local.google.accounts import Account

SIGN_IN_SCOPES = (
    "openid",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
)
ALIASES = {"email": SIGN_IN_SCOPES[1], "profile": SIGN_IN_SCOPES[2]}


class OAuthError(Exception):
    """A refusal in the words of Google's token endpoint."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{status} {error}: {description}")
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client as registered in the Cloud console."""

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "KAGAMINO"


@dataclass(slots=True)
class Code:
    """An authorization code, and everything its exchange must match."""

    value: str
    account: Account
    client_id: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    challenge_method: str
    nonce: str
    lasting: bool
    expires_at: dt.datetime
    used: bool = False


@dataclass(slots=True)
class RefreshToken:
    """A refresh token. `successor` is set where it was rotated but may still be used until the new one is."""

    value: str
    account: Account
    client_id: str
    scopes: frozenset[str]
    used_at: dt.datetime
    expires_at: dt.datetime | None
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token opens."""

    account: Account
    client_id: str
    scopes: frozenset[str]
    expires_at: dt.datetime


def in_googles_order(scopes: Iterable[str]) -> str:
    """Space separated, in an order that is not the one they were asked in."""
    return " ".join(sorted(scopes, key=lambda s: hashlib.sha256(s.encode()).digest()))


def normalised(scopes: Iterable[str]) -> list[str]:
    """With `email` and `profile` written out, as Google grants them."""
    return [ALIASES.get(s, s) for s in scopes]
