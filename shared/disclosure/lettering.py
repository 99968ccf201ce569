"""Letters are set and put on the case's shelf: the worker of the job `letter`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.clock import Clock
from shared.cloud.documents import Write
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import RequestType, Way
from shared.disclosure.handing import parts_of
from shared.disclosure.letters import Composer
from shared.disclosure.mailing import Mailing
from shared.disclosure.model import Job, Letter
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
        async for pdf in self._enclosed(case, case.file.case.letters[job.item]):
            put = await self.shelf.put(case.id, f"{job.item}.{len(hashes) + 1}", pdf)
            writes += put.writes
            hashes.append(put.blob.sha256)
        mail = await self.mailing.with_letter(case, job.item, pdfs)
        act = auto.LetterSet(letter=job.item, papers=tuple(hashes), mail=mail.id if mail else "")
        return Done(act, [*writes, *(mail.writes if mail else ())], (mail.id,) if mail else ())

    async def _enclosed(self, case: Opened, letter: Letter) -> AsyncIterator[bytes]:
        """What an answer on paper encloses as it is: notices of purposes, of a few pages each. What is handed over of a
        person's data is printed apart, and is on record."""
        for name in letter.items if letter.kind == "answer" else ():
            item = case.file.case.items[name]
            if item.type is RequestType.PURPOSE and item.way is Way.PAPER:
                for part in range(1, parts_of(item) + 1):
                    yield b"".join([piece async for piece in self.shelf.read(case.id, f"result.{name}.{part}")])
