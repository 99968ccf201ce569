"""Correcting what is held here, and finding who was handed the old of it: the tasks `correct` and `holders`.

All that an item corrects is one commit with the case: it is done and on record, or neither. What was and what is lie on
the case's shelf at `corrected.{item}`, sealed; their hash is the item's proof.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from shared import ids as names
from shared.clock import Clock
from shared.cloud.documents import Write
from shared.cloud.seal import Key
from shared.consent.gate import Permit, admit_request
from shared.consent.model import LIVE, QOLMS, Cell, Consents, State
from shared.consent.ports import Recipients
from shared.disclosure import system_acts as auto
from shared.disclosure.corrections import Correction, Holder, profile_given
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.working import Done, NotYet
from shared.errors import Conflict, InvalidInput, NotFound, Refused
from shared.ids import Ids
from shared.measurement.corrections import CorrectionRule, Does, PointFix, Touched, rule_of
from shared.measurement.limits import LONGEST_NS
from shared.profile.model import Value
from shared.profile.service import By, Profiles
from shared.release.model import Provision, ProvisionState
from shared.release.provisions import Recorded
from shared.vocabulary import Kind, Purpose

UNDER_WAY = dt.timedelta(minutes=5)
"""Whoever began to read before the correction has been answered by then, or never will be: a function that hands on
ends after a minute (serverless.yaml). Its record may come that much later than the correction."""
_PAGE = 200
_A_DAY = dt.timedelta(days=1)
_CORRECTABLE = LIVE | {State.WITHDRAWN, State.EXPIRED}
"""Of what was given once and is not erased something may be stored."""


_NEVER = frozenset(
    {
        "body_invalid",
        "consent_frozen",
        "consent_missing",
        "correction_unmatched",
        "key_destroyed",
        "key_missing",
        "too_many_corrections",
    }
)
"""What no further attempt would change."""


class Days(Protocol):
    """Where measurements are: `measurement.store.MeasurementStore`."""

    async def amend(self, permit: Permit, rules: Sequence[CorrectionRule]) -> tuple[list[Touched], Write]:
        """What further rules change, and the write that makes them hold."""
        ...


class DataKeys(Protocol):
    """Where people's data keys are: `vault.DataKeys`."""

    async def ensure(self, uid: str) -> Key: ...


class Fenced(Protocol):
    """Where consents stand: `consent.store.ConsentStore`."""

    async def fenced(self, uid: str) -> tuple[Consents, Sequence[Write]]:
        """The person's consents, and writes that change nothing and fail where a decision was recorded since."""
        ...


class Provisions(Protocol):
    """Where provisions are: `release.provisions.ProvisionStore`."""

    async def of_person(self, uid: str, *, after: str, limit: int) -> list[Recorded] | None:
        """At most `limit`, newest first, behind the one of id `after`."""
        ...


class _Kept(msgspec.Struct, frozen=True):
    """What lies on the shelf. Its hash is no secret; `salt` keeps it from telling values to who tries them."""

    salt: str
    profile_before: dict[str, Value]
    profile_after: dict[str, Value]
    points: dict[Kind, list[Touched]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correcting:
    """The workers of both tasks."""

    shelf: Shelf
    profiles: Profiles
    days: Days
    keys: DataKeys
    ledger: Fenced
    provisions: Provisions
    recipients: Recipients
    clock: Clock
    ids: Ids

    async def correct(self, case: Opened, item: str) -> Done | NotYet:
        """Correct all of it. Where that cannot be, nothing is done, and people look at it: an erasure came before, or
        nothing that is stored is meant."""
        try:
            return await self._corrected(case, item)
        except (Refused, InvalidInput, NotFound) as no:
            if no.code not in _NEVER:
                raise
            return Done(auto.LeaveToPeople(item=item, problem=no.code))

    async def _corrected(self, case: Opened, item: str) -> Done:
        uid, wanted, at = case.file.private.account, _wanted(case, item), self.clock.now()
        # The fence: no erasure can begin between this look and the commit, and find its kind filled behind it.
        consents, fence = await self.ledger.fenced(uid)
        writes: list[Write] = [*fence]
        kept = _Kept(self.ids.token(), {}, {}, {})
        if wanted.profile:
            decision = case.file.case.items[item].decision
            by = By(decision.by if decision else "system", {"case": case.id})
            prepared = await self.profiles.prepare(uid, profile_given(wanted), if_version=None, by=by)
            if not prepared.held.profile.values():
                raise Refused("correction_unmatched", "no profile is held")  # erased, and not to begin anew by this
            writes += prepared.writes
            fields = [one.field for one in wanted.profile]
            kept.profile_before.update(_some(prepared.held.profile.values(), fields))
            kept.profile_after.update(_some(prepared.after.values(), fields))
        for kind, fixes in wanted.kinds().items():
            permit = admit_request(uid, consents, kind, case.id)
            _check_stored(consents, kind, at)
            if any(fix.does is Does.ADD for fix in fixes):
                await self.keys.ensure(uid)
            rules = [rule_of(fix, f"{case.id}.{item}.{number}", at) for number, fix in enumerate(fixes)]
            kept.points[kind], write = await self.days.amend(permit, rules)
            writes.append(write)
        put = await self.shelf.put(case.id, f"corrected.{item}", msgspec.json.encode(kept))
        count = len(wanted.profile) + sum(_count(one) for its in kept.points.values() for one in its)
        done = auto.TaskDone(item=item, task="correct", proof=put.blob.sha256, count=count)
        return Done(done, [*put.writes, *writes])

    async def holders(self, case: Opened, item: str) -> Done | NotYet:
        """Who was handed measurements of the kinds and times that were corrected, before they were."""
        until = _corrected_at(case, item) + UNDER_WAY
        if self.clock.now() < until:
            return NotYet(until)
        uid, wanted = case.file.private.account, _wanted(case, item)
        handed: dict[tuple[str, Kind], list[Provision]] = defaultdict(list)
        if wanted.points:
            async for one in self._handed_on(uid):
                if one.at <= until and any(_tells(one, fix) for fix in wanted.points):
                    handed[one.recipient, one.kind].append(one)
        holders = await self._named(uid, handed)
        proof = names.digest("holders", msgspec.json.encode(holders).decode())
        return Done(auto.HoldersFound(item=item, holders=holders, proof=proof))

    async def _handed_on(self, uid: str) -> AsyncIterator[Provision]:
        after = ""
        while found := await self.provisions.of_person(uid, after=after, limit=_PAGE):
            for one in found:
                yield one.value
            after = found[-1].id

    async def _named(self, uid: str, handed: dict[tuple[str, Kind], list[Provision]]) -> tuple[Holder, ...]:
        known = await self.recipients.find(uid, sorted({recipient for recipient, _ in handed}))
        found = []
        for (recipient, kind), given in sorted(handed.items()):
            one = known.get(recipient)
            found.append(
                Holder(
                    recipient=recipient,
                    name=one.name if one else None,
                    address=one.address if one else "",
                    contact=one.contact if one else "",
                    kind=kind,
                    purposes=tuple(sorted({each.purpose for each in given})),
                    times=len(given),
                    first_at=min(each.at for each in given),
                    last_at=max(each.at for each in given),
                )
            )
        return tuple(found)


def _wanted(case: Opened, item: str) -> Correction:
    return case.file.private.corrections[item]


def _check_stored(consents: Consents, kind: Kind, at: dt.datetime) -> None:
    """Raises Refused `consent_missing`: nothing of the kind may be stored, so nothing may be added to it."""
    if consents.state_of(Cell(Purpose.QOLMS_STORE, kind, QOLMS), at) not in _CORRECTABLE:
        raise Refused("consent_missing", "nothing of it is stored")


def _corrected_at(case: Opened, item: str) -> dt.datetime:
    done = [one.at for one in case.file.case.items[item].evidence if one.task == "correct"]
    if not done:
        raise Conflict("case_moved_on", "not corrected")
    return done[-1]


def _some(values: dict[Any, Value], fields: Iterable[Any]) -> dict[str, Value]:
    return {str(field): values[field] for field in fields if field in values}


def _count(one: Touched) -> int:
    return max(len(one.before), len(one.after))


def _tells(one: Provision, fix: PointFix) -> bool:
    """Whether a record's days may have told of what was corrected. Its dates are civil, in whatever zone was asked for,
    so a day on either side counts; and what began before may reach in."""
    if one.kind is not fix.kind or one.state is not ProvisionState.RECORDED or not one.count or one.at < fix.start:
        return False
    lasts = dt.timedelta(microseconds=LONGEST_NS.get(fix.kind, 0) // 1000)
    first, last = fix.start.date() - _A_DAY, ((fix.end or fix.start) + lasts).date() + _A_DAY
    return one.first <= last and first <= one.last
