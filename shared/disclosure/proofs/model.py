"""A one-time link of a case: what it is for, how often it may be sent and tried, and when it opens. Pure rules.

There is one document for each case and use, `proof_links/{hash of both}`, so that how often links were sent is bounded
for the case, and only the newest opens; it goes with the case's papers. The token is kept as a hash: nobody who reads
the store can make a link of it.
"""

import datetime as dt
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from shared.audit.model import Head
from shared.ids import Ids, digest


class Use(StrEnum):
    """What following a link proves, or opens."""

    MAIL_ADDRESS = "mail_address"
    """Whoever applied reads what is sent to the address."""
    ACCOUNT = "account"
    """Whoever applied is signed in to an account of the app."""
    DELIVERY = "delivery"
    """The answer is handed over: to whoever also has the second factor."""


class State(StrEnum):
    """Where a link stands."""

    OPEN = "open"
    REDEEMED = "redeemed"
    LOCKED = "locked"
    """The second factor was wrong too often."""
    REVOKED = "revoked"


LASTS: Mapping[Use, dt.timedelta] = MappingProxyType(
    {Use.MAIL_ADDRESS: dt.timedelta(days=3), Use.ACCOUNT: dt.timedelta(days=14), Use.DELIVERY: dt.timedelta(days=14)}
)
MOST_ISSUES = 5
"""So often a case may be sent a link for one use."""
MOST_TRIES = 5
"""So often the second factor of one link may be tried: of all birth dates, that is one in thousands."""
CODE_CHARS = 8
_LOOK_ALIKE = str.maketrans("01", "oi")
_TOKEN_CHARS = range(20, 201)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The document. `second` is the second factor's keyed hash, "" where there is none; `about` is whatever the case
    wants back, an id or a hash. `issued` counts the links there were, `tries` the wrong tries at this one."""

    case: str
    use: Use
    state: State
    token: str
    about: str = ""
    second: str = ""
    issued: int = 1
    tries: int = 0
    issued_at: dt.datetime
    expires_at: dt.datetime
    audit: Head = Head()


class StoredLink(NamedTuple):
    """A link, and the version that fences work on it."""

    value: Link
    version: str
    path: str


class SentLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a case shows of its links for one use: how often one was sent, the mail that brought the newest, until when
    it opens, and what came of it. `items` are those that a delivery hands over."""

    count: int
    at: dt.datetime
    until: dt.datetime
    mail: str
    items: tuple[str, ...] = ()
    locked: bool = False
    followed_at: dt.datetime | None = None


class Issued(NamedTuple):
    """What is sent, once: nobody can look the token up later."""

    token: str
    expires_at: dt.datetime


class Redeemed(NamedTuple):
    """What a link proved, or opened."""

    case: str
    use: Use
    about: str
    at: dt.datetime


def path_of(case: str, use: Use) -> str:
    """Where the link of a case for one use lives."""
    return f"proof_links/{digest('proof link', case, use)}"


def hash_of(token: str) -> str:
    """How a token is kept: it is unguessable, so its hash leads back to nothing."""
    return digest("proof token", token)


def could_be(token: str) -> bool:
    """Whether it is worth looking for."""
    return len(token) in _TOKEN_CHARS and token.isascii()


def opens(link: Link | None, token: str, use: Use, at: dt.datetime) -> bool:
    """Whether the link opens for this use now. Why not is nobody's to know: used, expired, revoked, locked, or none."""
    return (
        link is not None
        and link.token == hash_of(token)
        and link.use is use
        and link.state is State.OPEN
        and at < link.expires_at
    )


def tried_wrong(link: Link) -> Link:
    """After a wrong second factor: the last one locks it."""
    tries = link.tries + 1
    return msgspec.structs.replace(link, tries=tries, state=State.LOCKED if tries >= MOST_TRIES else State.OPEN)


def folded(second: str) -> str:
    """A second factor as it is compared: letters and digits, however they were typed and set apart; 0 and 1, of which
    codes have none, as the letters that they look like."""
    text = unicodedata.normalize("NFKC", second).casefold().translate(_LOOK_ALIKE)
    return "".join(each for each in text if each.isalnum())


def fresh_code(ids: Ids) -> str:
    """A code for the other channel: 40 bits, of letters and digits that nobody confuses (no 0, 1, 8, 9)."""
    code = ids.ident()[:CODE_CHARS].upper()
    return f"{code[:4]}-{code[4:]}"
