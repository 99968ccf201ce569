"""What the app sends about consent."""

import datetime as dt
from typing import Annotated

import msgspec

from shared.consent.asking import Asked
from shared.consent.model import Decision
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Language

Screen = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[0-9A-Za-z_.:/-]*$")]


class OnBehalf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom somebody else decides, and the record of their right to."""

    subject: str
    authority: str


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `changes` or none.

    To give takes `notice`, the words the person was shown, and `if_epoch`, the state they were looking at, so that what
    was decided offline never gives again what was withdrawn meanwhile. Withdrawing and refusing take neither, and are
    never kept waiting. `on_behalf` is a guardian's or an agent's.
    """

    changes: list[Asked]
    notice: NoticeRef | None = None
    if_epoch: int | None = None
    screen: Screen = ""
    on_behalf: OnBehalf | None = None

    def __post_init__(self) -> None:
        """Say what is missing."""
        if any(change.decision is Decision.GIVE for change in self.changes):
            missing = [name for name in ("if_epoch", "notice") if getattr(self, name) is None]
            if missing:
                raise ValueError(f"{' and '.join(missing)}: needed to give")


class AskState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose consents: one's own, or those of `subject`, for whom one may decide by `authority`."""

    subject: str = ""
    authority: str = ""


class Invite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Invite a relative to see these kinds. `note` is what the person calls them, for their own eyes.

    `notice` and `if_epoch` are as in `Decide`: to invite is to give, as soon as the relative accepts.
    """

    kinds: list[Kind]
    notice: NoticeRef
    if_epoch: int
    note: Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    valid_until: dt.datetime | None = None
    screen: Screen = ""
    on_behalf: OnBehalf | None = None


class Accept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that came with the invitation."""

    code: Annotated[str, msgspec.Meta(max_length=64)]


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the history: the events behind number `after`, oldest first."""

    after: Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class AskNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which notice ("": the one in force), in which language (none: the reader's), and whether one of its files is
    wanted byte for byte."""

    version: str = ""
    lang: Language | None = None
    file: str = ""
