"""Mails about a case: to the desk when its day comes near, and to people who asked to be answered that way.

A mail is queued in the commit of what it tells of (`shared.mail`). It holds nothing of a person but their name, and
whatever is attached is a letter they would have been posted.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from shared.clock import Clock
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Way
from shared.disclosure.days import Deadlines, civil_date, lapses_on
from shared.disclosure.ending import DEFECT_LAPSES_DAYS, FORM_LAPSES_DAYS
from shared.disclosure.model import Job
from shared.disclosure.proofs.model import Use
from shared.disclosure.service import Opened
from shared.disclosure.stored import key_name, path_of
from shared.disclosure.verifying import addressee
from shared.disclosure.words import DEFECTS, REQUESTS
from shared.disclosure.working import Done, NotYet
from shared.mail import letters
from shared.mail.letters import template_of, written
from shared.mail.model import Attachment, Letter
from shared.mail.service import Outbox, Queued
from shared.policy.model import Notice
from shared.policy.notices import Notices
from shared.vocabulary import Language


class _Head(TypedDict):
    name: str
    number: str
    desk: list[str]


CONTENT_KEPT = dt.timedelta(days=30)
"""How long a mail can be sent again; then what it said is erased, and only that it was sent stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Queues mails about cases. `cases_url` is where staff find a case, without its id."""

    outbox: Outbox
    notices: Notices
    clock: Clock
    cases_url: str

    async def remind(self, case: Opened, job: Job) -> Done | NotYet:
        """Tell the desk that the day on which an answer is due comes near. The worker of the job `remind`."""
        at, one = self.clock.now(), case.file.case
        if one.due_on is None or one.arrival is None:
            return Done(auto.JobDone(name="remind"))
        today = civil_date(at)
        said = letters.Reminder(
            number=one.number,
            day=(today - one.arrival.on).days,
            days_left=(one.due_on - today).days,
            answer_by=one.due_on,
            state=str(one.stage),
            link=f"{self.cases_url}/{case.id}",
        )
        desk = self.notices.in_force(at).contents.controller.contact.email
        queued = await self._queued(case, desk, said, Language.JA)
        return Done(auto.JobDone(name="remind"), queued.writes, (queued.id,))

    async def with_letter(self, case: Opened, name: str, pdfs: Mapping[str, bytes]) -> Queued | None:
        """The mail that carries a letter, where the person asked for that and told an address; None where it is to be
        posted. `pdfs` by file name."""
        letter = case.file.case.letters[name]
        to = addressee(case.file, self.clock.now()).mail
        said = self._said(case, letter.kind) if letter.way is Way.ELECTRONIC and to else None
        if said is None:
            return None
        attached = [Attachment(file, content) for file, content in pdfs.items()]
        return await self._queued(case, to, said, case.file.case.language, attached)

    async def with_link(self, case: Opened, use: Use, link: str, until: dt.datetime) -> Queued:
        """The mail that brings a one-time link. What proves who the person is goes to the address that they stated, and
        what is handed over to whoever acts for them."""
        private, one = case.file.private, case.file.case
        to = (private.agent or private.person) if use is Use.DELIVERY else private.person
        notice = self.notices.in_force(self.clock.now())
        head = _Head(name=to.name or to.kana, number=one.number, desk=_desk(notice, one.language))
        said: letters.Kind
        match use:
            case Use.MAIL_ADDRESS:
                said = letters.VerifyAddress(**head, link=link, valid_until=until)
            case Use.ACCOUNT:
                asked = [REQUESTS[item.type].of(one.language) for item in one.items.values()]
                said = letters.VerifyAccount(**head, requests=asked, link=link, valid_until=until)
            case Use.DELIVERY:
                said = letters.PackageReady(**head, link=link, valid_until=until)
        return await self._queued(case, to.mail, said, one.language)

    async def tell_locked(self, case: Opened, job: Job) -> Done | NotYet:
        """Tell the desk that somebody tried a link with the wrong code too often. The worker of `tell_locked`."""
        said = letters.LinkLocked(number=case.file.case.number, link=f"{self.cases_url}/{case.id}")
        desk = self.notices.in_force(self.clock.now()).contents.controller.contact.email
        queued = await self._queued(case, desk, said, Language.JA)
        return Done(auto.JobDone(name="tell_locked", item=job.item), queued.writes, (queued.id,))

    async def _queued(
        self, case: Opened, to: str, said: letters.Kind, language: Language, attached: Sequence[Attachment] = ()
    ) -> Queued:
        words = written(said, language)
        return await self.outbox.queued(
            Letter(to=to, subject=words.subject, text=words.text, attachments=list(attached)),
            about=path_of(case.id),
            owner=key_name(case.id),
            template=template_of(said),
            forget_at=self.clock.now() + CONTENT_KEPT,
        )

    def _said(self, case: Opened, kind: str) -> letters.Kind | None:
        """What the mail around a letter says; None for kinds that are posted whatever was asked."""
        at, one = self.clock.now(), case.file.case
        notice, today, language = self.notices.in_force(at), civil_date(at), one.language
        to = addressee(case.file, at)
        head = _Head(name=to.name or to.kana, number=one.number, desk=_desk(notice, language))
        until = one.destroy_on or today
        match kind:
            case "form":
                return letters.FormSent(**head, sent_on=today, return_by=lapses_on(today, FORM_LAPSES_DAYS))
            case "defects":
                missing = [DEFECTS[defect][0].of(language) for defect in one.defects]
                by = lapses_on(today, DEFECT_LAPSES_DAYS)
                return letters.Defective(**head, missing=missing, complete_by=by)
            case "lapsed":
                waited = REQUESTS[next(iter(one.items.values())).type].of(language)
                return letters.Lapsed(**head, waited_for=waited, lapsed_on=today, papers_until=until)
            case "withdrawn":
                return letters.Withdrawn(**head, withdrawn_on=today, papers_until=until)
            case "extension" if one.arrival and one.extended_to:
                return letters.Extended(
                    **head,
                    reason=case.file.private.reasons.get("extension", ""),
                    answer_by=Deadlines(one.arrival.on).due_on,
                    extended_to=one.extended_to,
                )
        return None


def _desk(notice: Notice, language: Language) -> list[str]:
    """How the desk is reached."""
    controller = notice.contents.controller
    contact = controller.contact
    return [
        f"{controller.name.of(language)} {contact.name.of(language)}",
        f"E-mail {contact.email}",
        f"TEL {contact.tel}",
        controller.address.of(language),
    ]
