"""The papers of a case are destroyed: the worker of the job `destroy`, which two signatures make due.

What is sealed under the case's key (scans, letters, results, everything about the person) is unreadable from the moment
that the key is destroyed, in backups too; the chunks are removed besides. A certificate stays, under a key of its own,
and names the case and nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.cloud.blobs import Blobs
from shared.cloud.seal import Key
from shared.disclosure import system_acts as auto
from shared.disclosure.days import civil_date
from shared.disclosure.model import Case, Item, Job
from shared.disclosure.operator import operator_of
from shared.disclosure.proofs.store import LinkStore
from shared.disclosure.service import Opened
from shared.disclosure.shelf import paper_path
from shared.disclosure.stored import key_name
from shared.disclosure.working import Done, NotYet
from shared.errors import Unavailable
from shared.papers import answers
from shared.papers.letters import print_paper
from shared.policy.notices import Notices
from shared.staff.ports import Rosters
from shared.vocabulary import Language

CERTIFICATES = "certificates"
"""The name of the data key that certificates are sealed under."""
_AT_ONCE = 200


class Shredder(Protocol):
    """Where data keys are destroyed: `vault.KeyShredder`."""

    async def generation(self, uid: str) -> int: ...
    async def destroy(self, uid: str, generation: int) -> None: ...


class CertificateKeys(Protocol):
    """Where the certificates' key is: `vault.DataKeys`."""

    async def ensure(self, uid: str) -> Key: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroying:
    """Destroys, and certifies it."""

    blobs: Blobs
    keys: CertificateKeys
    shredder: Shredder
    rosters: Rosters
    notices: Notices
    clock: Clock

    async def destroy(self, case: Opened, job: Job) -> Done | NotYet:
        """Each step can be done again; that it was done is recorded once, with the certificate.

        Raises Unavailable `instance_busy`: there is more to remove than one visit may.
        """
        if not case.file.case.destroying:
            return Done(auto.BeginDestruction())
        for place in places_of(case.file.case):
            if not await self.blobs.delete(paper_path(case.id, place), limit=_AT_ONCE):
                raise Unavailable("instance_busy", retry_after_s=1)
        name = key_name(case.id)
        await self.shredder.destroy(name, await self.shredder.generation(name))
        certificate = await print_paper(await self._certificate(case), Language.JA, self.clock.now())
        put = await self.blobs.write(certificate_path(case.id), certificate, await self.keys.ensure(CERTIFICATES))
        gone = [*put.writes, *LinkStore.forgetting(case.id)]
        return Done(auto.Destroyed(certificate=put.blob.sha256), gone)

    async def _certificate(self, case: Opened) -> answers.DestructionCertificate:
        one, at = case.file.case, self.clock.now()
        roster, today = (await self.rosters.read()).value, civil_date(at)
        signers = []
        for signature in one.signatures:
            member = roster.find(signature.by)
            name = member.name if member else signature.by
            signers.append(answers.Signer(role="立会者", name=name, on=civil_date(signature.at)))
        return answers.DestructionCertificate(
            number=one.number,
            operator=operator_of(self.notices.in_force(at).contents, Language.JA),
            certificate=f"{one.number}-D",
            answered_on=one.closed_on or today,
            due_on=one.destroy_on or today,
            destroyed_on=today,
            papers=_destroyed(one),
            signers=tuple(signers),
        )


def places_of(case: Case) -> Sequence[str]:
    """Every place on the shelf that the case's papers may lie at."""
    letters = [f"{name}.{number}" for name, one in case.letters.items() for number, _ in enumerate(one.papers, 1)]
    results = [
        f"result.{name}.{number}"
        for name, item in case.items.items()
        for proof in item.evidence
        for number, _ in enumerate(proof.proof.split(","), 1)
    ]
    corrected = [f"corrected.{name}" for name, item in case.items.items() if "correct" in _tasks_done(item)]
    return [*letters, *results, *corrected, *(f"scan.{name}" for name in case.scans)]


def _tasks_done(item: Item) -> set[str]:
    return {proof.task for proof in item.evidence}


def certificate_path(case: str) -> str:
    """Where the certificate lies."""
    return f"certificates/{case}"


def _destroyed(case: Case) -> tuple[answers.Destroyed, ...]:
    pages = sum(scan.pages for scan in case.scans.values())
    papers = [answers.Destroyed(what="申請書および同封書類（紙）", quantity="一式", how="溶解または裁断")]
    if case.scans:
        papers.append(
            answers.Destroyed(
                what="同上の電子画像", quantity=f"{len(case.scans)}件（{pages}頁）", how="鍵の破棄および消去"
            )
        )
    papers.append(answers.Destroyed(what="本人に関する記録、通知書の控え", quantity="一式", how="鍵の破棄および消去"))
    return tuple(papers)
