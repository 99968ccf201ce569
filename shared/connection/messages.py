"""What the app and the queue send about connections."""

import msgspec

from shared.vocabulary import Kind, Provider


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin linking. With `server_auth_code` (Android) there is no browser, and no confirmation."""

    provider: Provider
    kinds: list[Kind]
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

    grant: str
