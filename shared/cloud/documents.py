"""The document port: everything the domain may ask of its store, whichever store it is.

Two adapters speak it, `firestore` in the cloud and `sqlite` on one machine; `tests/contracts` holds both to the
same suite. There is no read-write transaction on purpose: a commit is one atomic batch of writes, each of which
may expect its document to be absent or at a known version. (Read-write transactions on a document that several
workers touch deadlock in the emulator and crawl in production; see infra/decisions.)

Paths alternate collection and id: `users/u1/connections/google_fit`. Values are None, bool, int (64 bit), float,
str, bytes, aware datetime (microseconds; it comes back in UTC), lists and string-keyed dicts of these, but no list
directly in a list. `values` says all the limits, and holds every adapter to them before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal, Protocol, TypeAlias

from shared.errors import Conflict, Fault, OutcomeUnknown
from shared.ids import RandomIds

Data: TypeAlias = dict[str, Any]

NAME = "__name__"
"""In `where` and `order_by`: the document's id; in a group query its whole path."""


@dataclass(frozen=True, slots=True)
class Document:
    """One stored document. `version` is opaque, and changes with every write that changes the document.

    A write that leaves the document as it was leaves the version too: what must fence others out changes something.
    """

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
    """One condition on a top-level field: a scalar, and for the four comparisons neither None nor NaN.

    A comparison finds only values of the same type (whole and fractional numbers are one type).
    """

    field: str
    op: Literal["==", "<", "<=", ">", ">="]
    value: Any


@dataclass(frozen=True, slots=True)
class Query:
    """Documents of one collection (`users/u1/days`), or of every collection of that name (`group=True`).

    `order_by` names fields, "-" in front for descending; ties fall in order of path, in the direction of the last
    field. A document without one of these fields is not found. `after` continues behind the last document of the
    previous page of the same query.
    """

    collection: str
    group: bool = False
    where: tuple[Where, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int = 100
    after: Document | None = None

    def ordering(self) -> tuple[tuple[str, bool], ...]:
        """The whole order as (field, descending): what is asked for, then compared fields, then always `NAME`."""
        order = {name.removeprefix("-"): name.startswith("-") for name in self.order_by}
        descending = self.order_by[-1].startswith("-") if self.order_by else False
        for condition in self.where:
            if condition.op != "==":
                order.setdefault(condition.field, descending)
        order.setdefault(NAME, descending)
        fields = list(order)
        return tuple((name, order[name]) for name in fields[: fields.index(NAME) + 1])


class Documents(Protocol):
    """A document store. Each method counts its cost with `log.count`: `store_reads` and `store_writes`.

    Every method may raise `Unavailable` (`store_unavailable`, nothing happened) and `Refused` (`store_refused`: a
    permission, an index or the database itself is missing). What breaks the rules in `values` raises ValueError or
    TypeError before anything is sent.
    """

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
        """How many documents match; `limit` and `after` are ignored. Costs a read per 1,000 found, at least one."""
        ...

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        """All of `writes` or none; the version per write ("" for a delete), in order. Each to a document of its own.

        Costs one write each, however it ends.

        Raises:
            Conflict: `precondition_failed`: some expectation did not hold; nothing was written.
            OutcomeUnknown: `commit_unknown`: no answer came; the writes may or may not be there, all or none.
            Refused: `document_too_large` (1 MiB) or `commit_too_large` (10 MiB); nothing was written.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and files. The next use opens them again."""
        ...


async def settle(documents: Documents, writes: Sequence[Write], *, witness: str) -> list[str]:
    """Commit, and where the outcome is unknown find it out before answering.

    `witness` is the path of one of `writes`, created (`Expect.ABSENT`) by this very commit and never changed after,
    an audit entry for example. It is written with a mark of this commit's own. If it is there and bears the mark, the
    commit happened; if somebody else's is there, it did not, and will not. If none is there the same commit is sent
    again, and cannot happen twice, because the witness may be created only once.

    Returns the versions as `commit` does, or an empty list where the read-back, not the answer, proved the commit.
    Raises as `commit` does; `OutcomeUnknown` (`commit_unsettled`) where two sendings, or the read-back itself, left
    the effect unseen: the commit may still be, or become, there.
    """
    mark = RandomIds().ident()
    marked = [_marked(write, mark) if write.path == witness else write for write in writes]
    if not any(isinstance(w, Put) and w.path == witness and w.expect is Expect.ABSENT for w in writes):
        raise ValueError("the witness is not created by this commit")
    try:
        return await documents.commit(marked)
    except OutcomeUnknown:
        if await _witnessed(documents, witness, mark):
            return []
    try:
        return await documents.commit(marked)
    except Fault as second:
        # On a conflict, either the first sending landed after our look, or somebody else moved first. On anything
        # less certain, even "nothing happened" is true of the second sending only.
        if await _witnessed(documents, witness, mark):
            return []
        if isinstance(second, Conflict):
            raise
        raise OutcomeUnknown("commit_unsettled", "the store did not answer twice") from second


def _marked(write: Write, mark: str) -> Write:
    return replace(write, data={**write.data, "commit": mark}) if isinstance(write, Put) else write


async def _witnessed(documents: Documents, witness: str, mark: str) -> bool:
    """Whether our witness is there. Conflict where another's is: whoever wrote it was first."""
    try:
        found = await documents.get(witness)
    except Fault as unseen:
        raise OutcomeUnknown("commit_unsettled", "the store could not be read back") from unseen
    if found is not None and found.data.get("commit") != mark:
        raise Conflict("precondition_failed")
    return found is not None
