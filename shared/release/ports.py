"""What handing on needs from outside its domain."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.cloud.documents import Write
from shared.consent.model import Consents


class Reader(NamedTuple):
    """Who asks: a relative, by their uid, or an institution, by its name as a recipient and the account it calls with.
    `account` is the hash of either, for the record."""

    account: str
    relative: str = ""
    institution: str = ""
    google_subject: str = ""


class Whom(NamedTuple):
    """Whose measurements are asked for, and as which recipient of theirs."""

    subject: str
    recipient: str


class Desk(Protocol):
    """Where readers and the people they name are known: `readers.Readers`."""

    async def whom(self, reader: Reader, person: str) -> Whom:
        """Whom the reader means by a name. What may be read of them is for the gate to say.

        Raises NotFound `person_unknown`: there is nobody of that name to this reader.
        """
        ...

    async def still(self, reader: Reader) -> bool:
        """Whether the reader may be given anything at all, at this moment."""
        ...


class Fenced(Protocol):
    """Where consents stand: `consent.store.ConsentStore`."""

    async def fenced(self, uid: str) -> tuple[Consents, Sequence[Write]]:
        """The person's consents, and writes that change nothing and fail where a decision was recorded since."""
        ...
