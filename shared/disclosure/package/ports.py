"""What packing needs from outside its domain."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from shared.consent.ports import Ledger, Recipients
from shared.consent.receipts import Signs
from shared.disclosure.package.model import Category
from shared.measurement.ports import DayReader, ZoneReader
from shared.policy.notices import Notices
from shared.vocabulary import Language


class Record(NamedTuple):
    """One thing that is held of a person.

    `id` tells it from others of its kind, in the package too. `fields` hold None, bool, int, float, str, aware
    datetimes, dates, and lists and string-keyed dicts of these. A field named `recipient` is a recipient's id.
    """

    id: str
    fields: Mapping[str, Any]


class Records(Protocol):
    """Where the records of one category are kept."""

    @property
    def fields(self) -> Sequence[str]:
        """The names of all fields that a record can have, in the order in which people read them."""
        ...

    def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """What is held of the person of the time from `since` until before `until`, in an order that stays. What
        stands, rather than happened, is told whatever the time."""
        ...


class Typeset(Protocol):
    """Makes the PDF: `papers.typesetting.typeset`."""

    def __call__(
        self,
        template: str,
        data: object,
        *,
        language: Language,
        title: str,
        at: dt.datetime,
        images: Mapping[str, str],
    ) -> Awaitable[bytes]: ...


class Progress(Protocol):
    """Is told how far it has come: `done` of `of` steps, never less than before. Called at most some 120 times."""

    async def __call__(self, done: int, of: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where everything is read. `public_url` is where notices can be read.

    `records` has the categories other than measurements and consents; what an order names must be in it.
    """

    days: DayReader
    zones: ZoneReader
    ledger: Ledger
    recipients: Recipients
    notices: Notices
    signer: Signs
    public_url: str
    records: Mapping[Category, Records]
    typeset: Typeset
