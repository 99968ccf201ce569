"""Letters are set and put on the case's shelf: the worker of the job `letter`."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.cloud.documents import Write
from shared.disclosure import acts as a
from shared.disclosure.letters import Composer
from shared.disclosure.mailing import Mailing
from shared.disclosure.model import Job
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.working import Done, NotYet
from shared.papers.letters import print_paper
from shared.policy.notices import Notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """Sets letters."""

    shelf: Shelf
    mailing: Mailing
    notices: Notices
    clock: Clock

    async def letter(self, case: Opened, job: Job) -> Done | NotYet:
        """Set every paper of one letter, and mail it where the person asked for that.

        Raises InvalidInput `glyph_missing`, whose detail names the characters.
        """
        at = self.clock.now()
        composer = Composer(case.file, self.notices.in_force(at), at)
        writes: list[Write] = []
        hashes: list[str] = []
        pdfs: dict[str, bytes] = {}
        for number, paper in enumerate(composer.papers(case.file.case.letters[job.item]), 1):
            pdf = await print_paper(paper, case.file.case.language, at)
            put = await self.shelf.put(case.id, f"{job.item}.{number}", pdf)
            writes += put.writes
            hashes.append(put.blob.sha256)
            pdfs[f"{paper.title.of(case.file.case.language)}.pdf"] = pdf
        mail = await self.mailing.with_letter(case, job.item, pdfs)
        act = a.LetterSet(letter=job.item, papers=tuple(hashes), mail=mail.id if mail else "")
        return Done(act, [*writes, *(mail.writes if mail else ())], (mail.id,) if mail else ())
