"""What passes between the steps of linking."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.errors import InvalidInput
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and until when that works."""

    authorization_url: str
    expires_at: datetime


class Seen(NamedTuple):
    """What the person was looking at when they began to link: the notice, and the state of their consents."""

    notice: NoticeRef
    epoch: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser's return came to: `result` is `success` or a problem code; `code` is for the app to confirm."""

    result: str
    code: str = ""


def check_kinds(kinds: Sequence[Kind]) -> None:
    """Raises InvalidInput `body_invalid`: no kind, or one twice."""
    if not kinds or len(set(kinds)) != len(kinds):
        raise InvalidInput("body_invalid", "kinds: at least one, each once")


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
