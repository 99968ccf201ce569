"""What the page's address and its forms say."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

import msgspec

from shared.consent.model import Cell, Decision
from shared.errors import InvalidInput
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Language, Purpose

PAGE = "page"
"""The page's own address, as seen from itself: it does not know where the function stands."""
STOP = "stop"
ERASE = "erase"


class View(StrEnum):
    """The page's parts."""

    CELLS = "cells"
    HISTORY = "history"
    RECEIPT = "receipt"
    NOTICE = "notice"
    STOP = "stop"
    ERASE = "erase"


class AskPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of the page, in which language (none: the browser's). The ticket never stands in an address.

    `before` pages the history backwards, `receipt` and `version` name one, and `recipient` is somebody whom the app
    opens the page for, so that they can be given something for the first time.
    """

    view: View = View.CELLS
    lang: Language | None = None
    before: Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)] = 0
    receipt: Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)] = 0
    version: Annotated[str, msgspec.Meta(max_length=40)] = ""
    recipient: Annotated[str, msgspec.Meta(max_length=100)] = ""


class Filled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form of the page, sent back. `epoch`, `version` and `sha256` are what the page was made from, `do` the button
    that was pressed: "" only looks, `stop` ends everything, `erase|kind,kind` erases what is stored of them (no kind:
    everything), else `decision|purpose|kind,kind|recipient`."""

    ticket: str
    do: str = ""
    epoch: int = 0
    version: str = ""
    sha256: str = ""

    @property
    def notice(self) -> NoticeRef:
        return NoticeRef(self.version, self.sha256)

    @property
    def erases(self) -> bool:
        return self.do.startswith(f"{ERASE}|")

    def kinds_to_erase(self) -> list[Kind]:
        """What is to be erased; none: everything. Raises InvalidInput `body_invalid`."""
        try:
            return [Kind(kind) for kind in self.do.removeprefix(f"{ERASE}|").split(",") if kind]
        except ValueError:
            raise InvalidInput("body_invalid", "do") from None

    def pressed(self) -> tuple[Decision, list[Cell]]:
        """What the button that was pressed decides. Raises InvalidInput `body_invalid`: it is none of the page's."""
        try:
            decision, purpose, kinds, recipient = self.do.split("|")
            return Decision(decision), [Cell(Purpose(purpose), Kind(kind), recipient) for kind in kinds.split(",")]
        except ValueError:
            raise InvalidInput("body_invalid", "do") from None


def address(language: Language, view: View = View.CELLS, **more: object) -> str:
    """Where a form of the page posts to, to be answered with that part of it."""
    return f"{PAGE}?{urlencode({'view': view, 'lang': language, **{k: v for k, v in more.items() if v}})}"
