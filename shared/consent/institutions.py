"""Medical institutions, as staff register, amend and end them.

To end one stops what goes there at once, for everybody: whoever hands anything on looks at `Recipient.active`. The
ledgers of the people who gave to it follow, person by person, found by their markers (see `recipients`).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shared import ids
from shared.audit.evidence import check_evidence
from shared.audit.model import append
from shared.audit.writes import KEPT, entry_write
from shared.clock import Clock
from shared.cloud.documents import NAME, Document, Documents, Expect, Put, Query, Where, Write
from shared.consent.ledger import Entry, Said
from shared.consent.model import Giver, Method, Role, State, open_cells
from shared.consent.ports import Commit, Standing
from shared.consent.recipients import INSTITUTION, Institution, givers, institution_path
from shared.consent.recording import Recorder
from shared.errors import Conflict, Fault, InvalidInput, NotFound
from shared.policy.model import Words
from shared.policy.notices import Notices

LONGEST_DECISION_S = 60
"""Who read the institution before its end has recorded a decision after so long, or never will."""
_PAGE = 200
_AT_ONCE = 10
_ATTEMPTS = 5
_ACCOUNT = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190} [0-9]{1,32}")


class Known(NamedTuple):
    """An institution with its id, and how many people have something given to it."""

    id: str
    value: Institution
    people: int


class Caller(NamedTuple):
    """The service account that an institution's system reads with: e-mail address, and unique id at Google."""

    account: str
    account_id: str


class Ended(NamedTuple):
    """What came of an end: how many people's ledgers tell of it, and how many could not be reached. Ending again goes
    on with those."""

    told: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Institutions:
    """Register, amend, end, list."""

    documents: Documents
    commit: Commit
    recorder: Recorder
    notices: Notices
    clock: Clock
    ids: ids.Ids

    async def register(
        self, name: Words, address: str, contact: str, evidence: str, caller: Caller | None = None
    ) -> str:
        """Let people give to one more; its id. `caller` is the account that its system reads with, once it has one.

        Raises InvalidInput `registration_invalid` (a caller that is another institution's included),
        `evidence_missing`.
        """
        told = Institution(name, address, contact, True, *(caller or ()))
        value, name_of_it = _checked(told), self.ids.ident()
        check_evidence(evidence)
        await self._check_free(caller, name_of_it)
        await self._put(name_of_it, value, Expect.ABSENT, "institution.registered", evidence)
        return name_of_it

    async def amend(
        self,
        institution: str,
        evidence: str,
        *,
        name: Words | None = None,
        address: str = "",
        contact: str = "",
        caller: Caller | None = None,
    ) -> None:
        """Change what is said of it; what is not given stays. Raises NotFound `not_registered`; as `register`."""
        check_evidence(evidence)
        await self._check_free(caller, institution)
        for _ in range(_ATTEMPTS):
            found, value = await self._find(institution)
            changed = msgspec.structs.replace(
                value,
                name=name or value.name,
                address=address or value.address,
                contact=contact or value.contact,
                account=caller.account if caller else value.account,
                account_id=caller.account_id if caller else value.account_id,
            )
            try:
                return await self._put(institution, _checked(changed), found.version, "institution.amended", evidence)
            except Conflict:
                continue
        raise Conflict("precondition_failed", "the state kept changing")

    async def end(self, institution: str, evidence: str) -> Ended:
        """End it, and tell the ledger of everybody who gave to it. It may be repeated, and goes on where it was cut.

        Raises NotFound `not_registered`, InvalidInput `evidence_missing`.
        """
        check_evidence(evidence)
        await self._stop(institution, evidence)
        first = await self._tell_all(institution, evidence)
        await self.clock.sleep(LONGEST_DECISION_S)
        late = await self._tell_all(institution, evidence)
        return Ended(first.told + late.told, late.left)

    async def _stop(self, institution: str, evidence: str) -> None:
        for _ in range(_ATTEMPTS):
            found, value = await self._find(institution)
            if not value.active:
                return None
            ended = msgspec.structs.replace(value, active=False)
            try:
                return await self._put(institution, ended, found.version, "institution.ended", evidence)
            except Conflict:
                continue
        raise Conflict("precondition_failed", "the state kept changing")

    async def _tell_all(self, institution: str, evidence: str) -> Ended:
        told = left = 0
        async for uids in self._people(institution):
            for start in range(0, len(uids), _AT_ONCE):
                some = uids[start : start + _AT_ONCE]
                results = await asyncio.gather(*(self._tell(uid, institution, evidence) for uid in some))
                told += sum(results)
                left += len(results) - sum(results)
        return Ended(told, left)

    async def _tell(self, uid: str, institution: str, evidence: str) -> bool:
        """Whether this person's ledger has it now. Whom the store does not let us reach is left for the next time."""
        recipient, at = INSTITUTION + institution, self.clock.now()

        def build(standing: Standing) -> list[Entry]:
            cells = open_cells(standing.consents, recipient)
            return [Entry(cell, State.INVALIDATED, reason="recipient_ended") for cell in cells]

        try:
            await self.recorder.record(uid, build, self._said(evidence, at))
        except Fault:
            return False
        return True

    async def _people(self, institution: str) -> AsyncIterator[list[str]]:
        last: Document | None = None
        while page := await self.documents.query(Query(givers(institution), order_by=(NAME,), limit=_PAGE, after=last)):
            yield [marker.id for marker in page]
            last = page[-1]

    async def listed(self) -> list[Known]:
        """Every institution there is or was, with how many people have something given to it."""
        found: list[Known] = []
        last: Document | None = None
        while page := await self.documents.query(Query("institutions", order_by=(NAME,), limit=_PAGE, after=last)):
            for one in page:
                value = msgspec.convert(one.data, Institution, builtin_types=KEPT)
                found.append(Known(one.id, value, await self.documents.count(Query(givers(one.id)))))
            last = page[-1]
        return found

    async def _check_free(self, caller: Caller | None, institution: str) -> None:
        """Whom an account speaks for must not be in doubt. Given twice at the same moment, it serves neither."""
        if caller is None:
            return
        held = Query("institutions", where=(Where("account_id", "==", caller.account_id),), limit=2)
        if any(found.id != institution for found in await self.documents.query(held)):
            raise InvalidInput("registration_invalid", "account: another institution's")

    async def _find(self, institution: str) -> tuple[Document, Institution]:
        path = institution_path(institution)
        found = await self.documents.get(path) if path else None
        if found is None:
            raise NotFound("not_registered", "institution")
        return found, msgspec.convert(found.data, Institution, builtin_types=KEPT)

    async def _put(
        self, institution: str, value: Institution, expect: str | Expect, action: str, evidence: str
    ) -> None:
        # What is said of it can be told from the hash, and is no business of the audit log's.
        said = ids.digest("institution", value.name.ja, value.name.en, value.address, value.contact)
        entry, head = append(
            f"institution.{institution}",
            value.audit,
            at=self.clock.now(),
            actor="staff",
            action=action,
            facts={"evidence": evidence, "said": said, "active": value.active, "account_id": value.account_id},
        )
        data: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(value, audit=head), builtin_types=KEPT)
        audit = entry_write(entry)
        writes: list[Write] = [Put(institution_path(institution), data, expect), audit]
        await self.commit(writes, witness=audit.path)

    def _said(self, evidence: str, at: datetime) -> Said:
        giver = Giver(Role.STAFF, evidence=evidence)
        return Said(at=at, method=Method.STAFF, notice=self.notices.in_force(at).ref, giver=giver)


def _checked(value: Institution) -> Institution:
    told = (value.name.ja, value.name.en, value.address, value.contact)
    if not all(text.strip() and len(text) <= 200 and text.isprintable() for text in told):
        raise InvalidInput("registration_invalid", "name, address and contact: 1 to 200 printable characters each")
    if (value.account or value.account_id) and not _ACCOUNT.fullmatch(f"{value.account} {value.account_id}"):
        raise InvalidInput("registration_invalid", "account: its e-mail address, and its unique id, a number")
    return value
