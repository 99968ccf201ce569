"""Which indexes the store keeps: the one list that deployment makes in Firestore and `sqlite` makes in its file.

Firestore indexes every field of a collection by itself, and refuses any other query without an index made for it.
The emulator answers them all, so tests compare the queries they saw with this list (`missing`).
"""

from dataclasses import dataclass
from typing import TypeAlias

from shared.cloud.documents import NAME, Query


@dataclass(frozen=True, slots=True)
class Composite:
    """An index over several fields: those compared for equality first, then the order ("-" in front: descending)."""

    collection: str
    fields: tuple[str, ...]
    group: bool = False


@dataclass(frozen=True, slots=True)
class Single:
    """One field's own index: `within` each collection (made by itself unless said otherwise) or `across` the group."""

    collection: str
    field: str
    within: bool = True
    across: bool = False


Index: TypeAlias = Composite | Single

COMPOSITES: tuple[Composite, ...] = (
    # What is due, shard by shard: one monotonic index would stop at 500 writes a second.
    Composite("connections", ("state", "shard", "next_sync_at"), group=True),
    # What was handed on of a person, newest first.
    Composite("provisions", ("subject", "-at")),
    # Who looked at what: of a person, of a case, by a member of staff, newest first.
    *(Composite("accesses", (field, "-at")) for field in ("subject", "case", "staff")),
    # The worklist, whole and of one stage; how many are left how much time; the cases of an account;
    # those whose papers are due.
    Composite("cases", ("open", "sort_on")),
    Composite("cases", ("open", "stage", "sort_on")),
    Composite("cases", ("open", "due_on")),
    Composite("cases", ("subject", "-contacted_at")),
    Composite("cases", ("stage", "destroy_on")),
)

SINGLES: tuple[Single, ...] = (
    # Never asked for alone, and, as a time that moves with every sync, the most expensive field to index alone.
    Single("connections", "next_sync_at", within=False),
    # How many connections are in each state, over everybody: the operator's view.
    Single("connections", "state", across=True),
    # Never asked for: each would cost an index entry per value, and these are rewritten with every sync, or are large.
    *(
        Single("connections", field, within=False)
        for field in (
            "asked_at", "audit", "calls", "calls_since", "chases", "commit", "consents", "failures", "granted_at",
            "kinds", "last_error", "last_success_at", "lease", "linked", "linked_at", "not_before",
            "streams_checked_at", "subject", "tokens",
        )
    ),
    Single("days", "sealed", within=False),
    Single("corrections", "sealed", within=False),
    *(Single("audit", field, within=False) for field in ("at", "facts", "hash", "previous")),
    *(Single("accesses", field, within=False) for field in ("entry", "reason")),
    Single("access_chains", "audit", within=False),
    *(Single("audit_days", field, within=False) for field in ("after", "jws", "segments")),
    *(Single("consent", field, within=False) for field in ("audit", "consents", "tail")),
    *(Single("consent_events", field, within=False) for field in ("at", "giver", "hash", "notice", "previous")),
    Single("blob_chunks", "sealed", within=False),
    Single("cases", "wake_at"),
    Single("cases", "about"),
    *(
        Single("cases", field, within=False)
        for field in (
            "arrival", "audit", "defects", "hold", "items", "jobs", "letters", "private", "reminded", "scans",
            "signatures", "stamps", "verification",
        )
    ),
    *(Single("erasures", field, within=False) for field in ("audit", "deleted", "kinds")),
    *(
        Single("provisions", field, within=False)
        for field in ("account", "at", "count", "number", "sha256", "size_bytes")
    ),
    *(Single("provision_chains", field, within=False) for field in ("audit", "length")),
    *(Single("releases", field, within=False) for field in ("consents", "frozen_at")),
    *(Single("profile", field, within=False) for field in ("audit", "index", "sealed")),
    *(Single("profile_changes", field, within=False) for field in ("at", "fields", "sealed")),
    Single("profile_index", "entries", within=False),
    *(Single("proof_links", field, within=False) for field in ("about", "audit", "expires_at", "issued_at", "second")),
    *(Single("match_attempts", field, within=False) for field in ("audit", "said")),
    *(Single("link_attempts", field, within=False) for field in ("audit", "nonce", "verifier")),
    *(
        Single("messages", field, within=False)
        for field in ("attempts", "audit", "owner", "provider_id", "queued_at", "reason", "sealed")
    ),
    *(Single("loose_grants", field, within=False) for field in ("audit", "tokens")),
)  # fmt: skip
"""Fields whose own index differs from what Firestore makes by itself."""

DECLARED: tuple[Index, ...] = (*COMPOSITES, *SINGLES)


def required_index(query: Query) -> tuple[Index, ...]:
    """The indexes Firestore answers `query` from; none where it needs only the documents' names.

    Equality alone, on however many fields, is answered by merging the fields' own indexes. One composite index must
    otherwise hold the fields compared for equality, in any order (here: by name), and then the order, exactly.
    Source: firebase.google.com/docs/firestore/query-data/index-overview, read November 2026.
    """
    collection = query.collection.rpartition("/")[2]
    equal = sorted({w.field for w in query.where if w.op == "=="} - {NAME})
    order = [(field, descending) for field, descending in query.ordering() if field not in equal]
    before_name = order[-2][1] if len(order) > 1 else False
    if order[-1] == (NAME, before_name):
        order.pop()
    if not order or (not equal and len(order) == 1 and order[0][0] != NAME):
        fields = equal or [field for field, _ in order]
        return tuple(Single(collection, field, within=not query.group, across=query.group) for field in fields)
    ordered = [f"-{field}" if descending else field for field, descending in order]
    return (Composite(collection, (*equal, *ordered), query.group),)


def missing(query: Query, declared: tuple[Index, ...] = DECLARED) -> tuple[Index, ...]:
    """Those of `required_index` that `declared` does not provide: in the cloud, `query` would be refused."""
    return tuple(index for index in required_index(query) if not _provided(index, query, declared))


def _provided(index: Index, query: Query, declared: tuple[Index, ...]) -> bool:
    if isinstance(index, Composite):
        return any(isinstance(d, Composite) and _serves(d, index, query) for d in declared)
    own = next(
        (d for d in declared if isinstance(d, Single) and (d.collection, d.field) == (index.collection, index.field)),
        Single(index.collection, index.field),
    )
    return own.across if index.across else own.within


def _serves(declared: Composite, needed: Composite, query: Query) -> bool:
    equal = len({w.field for w in query.where if w.op == "=="} - {NAME})
    return (
        (declared.collection, declared.group) == (needed.collection, needed.group)
        and {f.removeprefix("-") for f in declared.fields[:equal]} == set(needed.fields[:equal])
        and declared.fields[equal:] == needed.fields[equal:]
    )
