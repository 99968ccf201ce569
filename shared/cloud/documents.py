"""The document port: everything the domain may ask of its store, whichever store it is.

Two adapters speak it, `firestore` in the cloud and `sqlite` on one machine; `tests/contracts` holds both to the
same suite. There is no read-write transaction on purpose: a commit is one atomic batch of writes, each of which
may expect its document to be absent or at a known version. (Read-write transactions on a document that several
workers touch deadlock in the emulator and crawl in production; see infra/decisions.)

Paths alternate collection and id: `users/u1/connections/google_fit`. Values are None, bool, int (64 bit), float,
str, bytes, aware datetime (microseconds), lists and string-keyed dicts of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol, TypeAlias

from shared.errors import Conflict, OutcomeUnknown

Data: TypeAlias = dict[str, Any]

NAME = "__name__"
"""In `where` and `order_by`: the document's id."""


@dataclass(frozen=True, slots=True)
class Document:
    """One stored document. `version` is opaque, and changes with every write."""

    path: str
    data: Data
    version: str

    @property
    def id(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]


class Expect(Enum):
    """What a write may demand of its document, besides being at a known version."""

    ANYTHING = "anything"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole document. `expect` is a version string, or one of `Expect`."""

    path: str
    data: Data
    expect: str | Expect = Expect.ANYTHING


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the document; removing what is absent is fine, unless a version is expected."""

    path: str
    expect: str | Expect = Expect.ANYTHING


Write: TypeAlias = Put | Delete


@dataclass(frozen=True, slots=True)
class Where:
    """One condition on a top-level field."""

    field: str
    op: Literal["==", "<", "<=", ">", ">="]
    value: Any


@dataclass(frozen=True, slots=True)
class Query:
    """Documents of one collection (`users/u1/days`), or of every collection of that name (`group=True`).

    `order_by` names fields, "-" in front for descending; ties fall in order of path. `after` continues behind the
    last document of the previous page of the same query.
    """

    collection: str
    group: bool = False
    where: tuple[Where, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int = 100
    after: Document | None = None


class Documents(Protocol):
    """A document store. Every method may raise `Unavailable`; each counts its cost with `log.count`."""

    async def get(self, path: str) -> Document | None:
        """The document, or None. Costs one read either way."""
        ...

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """The documents at `paths`, in that order, in one round trip. Costs one read each, absent ones included."""
        ...

    async def query(self, query: Query) -> list[Document]:
        """At most `query.limit` documents, strongly consistent. Costs one read each, at least one."""
        ...

    async def count(self, query: Query) -> int:
        """How many documents match, without reading them; `limit` and `after` are ignored."""
        ...

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        """All of `writes` or none; the new version per write ("" for a delete), in order. Costs one write each.

        Raises:
            Conflict: `precondition_failed`: some expectation did not hold; nothing was written.
            OutcomeUnknown: no answer came; the writes may or may not be there, all or none.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...


async def settle(documents: Documents, writes: Sequence[Write], *, witness: str) -> list[str]:
    """Commit, and where the outcome is unknown find it out before answering.

    `witness` is the path of one of `writes`, created (`Expect.ABSENT`) by this very commit and never changed after,
    an audit entry for example. If it is there, the commit happened; if not, the same commit is sent again, and
    cannot happen twice, because the witness may be created only once.

    Returns the versions as `commit` does, or an empty list where the read-back, not the answer, proved the commit.
    Raises as `commit` does; `OutcomeUnknown` only after two sendings whose effect could not be seen.
    """
    try:
        return await documents.commit(writes)
    except OutcomeUnknown:
        if await documents.get(witness) is not None:
            return []
    try:
        return await documents.commit(writes)
    except Conflict:
        # Either the first sending landed after all, between our read and now, or somebody else moved first.
        if await documents.get(witness) is not None:
            return []
        raise
    except OutcomeUnknown as lost:
        if await documents.get(witness) is not None:
            return []
        raise OutcomeUnknown("commit_unsettled", "the store did not answer twice") from lost
