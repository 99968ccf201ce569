"""What the app and the queue send about connections."""

from typing import Annotated

import msgspec

from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Provider

Uid = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^(?!\.{1,2}$)(?!__.*__$)[^/\x00-\x1f\x7f]+$")]
"""A person's id at Firebase, as it may stand in a document's path."""
GrantName = Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9a-z]+$")]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin linking. `notice`: what the person was shown. With `server_auth_code` (Android) there is no browser, and no
    confirmation."""

    provider: Provider
    kinds: list[Kind]
    notice: NoticeRef | None = None
    server_auth_code: str | None = None


class Return(msgspec.Struct, frozen=True):
    """What Google's redirect carries. Further parameters (`authuser`, `prompt`, `iss`, …) are Google's own."""

    state: str = ""
    code: str = ""
    scope: str = ""
    error: str = ""


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take the parked grant: the one-time code the browser brought to the app."""

    code: str


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fetch soon."""

    provider: Provider = Provider.GOOGLE_FIT


class Revoke(msgspec.Struct, frozen=True):
    """From the queue: revoke a grant nobody uses."""

    grant: GrantName
