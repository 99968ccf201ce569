"""What is handed to the person, made and put on the case's shelf: the tasks `package`, `records` and `purposes`.

It lies at `result.{item}`, sealed, until it is delivered or the case is destroyed. Its hash is the item's proof.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from shared import log
from shared.clock import Clock
from shared.cloud.documents import Write
from shared.consent.model import LIVE, Cell
from shared.consent.ports import Ledger, Recipients
from shared.disclosure import system_acts as auto
from shared.disclosure.letters import Composer
from shared.disclosure.model import Decision, Item
from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.ports import Sources
from shared.disclosure.package.service import write_package
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.working import Done, NotYet
from shared.errors import Conflict
from shared.papers.letters import print_paper
from shared.policy.notices import Notices
from shared.vocabulary import Kind

FROM_THE_BEGINNING = dt.date(2014, 1, 1)
"""No source has anything older: Google Fit began that year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Makes what is handed over."""

    shelf: Shelf
    sources: Sources
    ledger: Ledger
    recipients: Recipients
    notices: Notices
    clock: Clock

    async def package(self, case: Opened, item: str) -> Done | NotYet:
        """Everything held of the person, within the item's scope."""
        scope = case.file.case.items[item].scope
        wanted = tuple(Category) if scope.contact_data else (Category.MEASUREMENTS,)
        return await self._packed(case, item, "package", wanted)

    async def records(self, case: Opened, item: str) -> Done | NotYet:
        """What was handed on to others."""
        return await self._packed(case, item, "records", (Category.PROVISIONS,))

    async def purposes(self, case: Opened, item: str) -> Done | NotYet:
        """利用目的の通知書: under each notice that something of the person's stands under, and the one in force."""
        at = _decision(case, item).at
        consents = (await self.ledger.standing(case.file.private.account)).consents
        live = {Cell.of_key(key): state for key, state in consents.cells.items() if state.as_of(at) in LIVE}
        versions = sorted({state.notice for state in live.values()} | {self.notices.in_force(at).contents.version})
        named = await self.recipients.find(case.file.private.account, sorted({cell.recipient for cell in live}))
        names = {name: one.name for name, one in named.items()}
        pdfs = []
        for version in versions:
            notice = self.notices.find(version)
            cells = [cell for cell, state in live.items() if state.notice == version]
            paper = Composer(case.file, notice, at).purposes(cells, names)
            pdfs.append(await print_paper(paper, case.file.case.language, at))
        writes: list[Write] = []
        proofs: list[str] = []
        for number, pdf in enumerate(pdfs, 1):
            put = await self.shelf.put(case.id, f"result.{item}.{number}", pdf)
            writes += put.writes
            proofs.append(put.blob.sha256)
        return Done(auto.TaskDone(item=item, task="purposes", proof=",".join(proofs), count=len(pdfs)), writes)

    async def _packed(self, case: Opened, item: str, task: str, wanted: Sequence[Category]) -> Done | NotYet:
        one, private = case.file.case.items[item], case.file.private
        order = Order(
            case=case.id,
            number=case.file.case.number,
            uid=private.account,
            at=_decision(case, item).at,
            language=case.file.case.language,
            first=one.scope.first or FROM_THE_BEGINNING,
            last=one.scope.last or case.file.case.contacted_at.date(),
            zone=_ZONE,
            categories=tuple(wanted),
            kinds=one.scope.kinds or tuple(Kind),
            redactions=private.redactions.get(item, ()),
        )
        content = write_package(order, self.sources, _told)
        put = await self.shelf.put(case.id, f"result.{item}.1", content)
        return Done(auto.TaskDone(item=item, task=task, proof=put.blob.sha256, count=put.blob.size), put.writes)


_ZONE = "Asia/Tokyo"
"""The civil days that staff and people mean when they name a period."""


async def _told(done: int, of: int) -> None:
    log.event("case.packing", count=done, finished=done == of)


def _decision(case: Opened, item: str) -> Decision:
    """What was decided; its time is the package's, so that whoever packs again packs the same."""
    one: Item = case.file.case.items[item]
    if one.decision is None:
        raise Conflict("case_moved_on", f"item {item}")
    return one.decision
