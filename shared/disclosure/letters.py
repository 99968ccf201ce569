"""From a case to its letters: what each says, as a value of `papers.model`. Pure."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict

from shared.consent.model import Cell
from shared.disclosure import deciding
from shared.disclosure.days import lapses_on
from shared.disclosure.ending import DEFECT_LAPSES_DAYS, FORM_LAPSES_DAYS
from shared.disclosure.file import File
from shared.disclosure.identity import WAYS
from shared.disclosure.identity import Way as Shows
from shared.disclosure.model import Item, Letter, Outcome, RequestType
from shared.disclosure.telling import told
from shared.disclosure.verifying import REOPENS_DAYS
from shared.disclosure.words import ARTICLES, BASES, DEFECTS, DONE, GROUNDS, REQUESTS
from shared.papers import model as p
from shared.policy.model import Basis, Notice, Rule, Words
from shared.vocabulary import Kind, Language


def operator(notice: Notice, language: Language) -> p.Operator:
    """Who writes, as the notice in force says."""
    controller, body = notice.contents.controller, notice.contents.accredited_body
    return p.Operator(
        name=controller.name.of(language),
        representative=controller.representative.of(language),
        address=controller.address.of(language),
        desk=controller.contact.name.of(language),
        email=controller.contact.email,
        tel=controller.contact.tel,
        fax=controller.contact.fax,
        complaints=p.ComplaintBody(
            name=body.name.of(language),
            contact=body.contact.of(language),
            address=body.address.of(language),
            email=body.email,
            hours=body.hours.of(language),
            note=body.note.of(language),
        ),
    )


_WAYS = {
    Shows.PHOTO_PAPER: ("写真付きの本人確認書類1点", "One paper with a photo"),
    Shows.TWO_PAPERS: ("本人確認書類2点", "Two papers"),
    Shows.APP: ("アプリからのご請求", "A request from the app"),
    Shows.MAIL_LINK: ("登録メールアドレスでのご確認", "Your registered mail address"),
}
_FORM = ("申請書", "Your application form")
_MISSING = ("補正の書類", "What was missing")


class _Head(TypedDict):
    number: str
    operator: p.Operator
    to: p.Addressee
    on: dt.date
    destroy_on: dt.date | None


class Composer:
    """Composes letters of one case, on one day, under one notice."""

    def __init__(self, file: File, notice: Notice, at: dt.datetime) -> None:
        self._file, self._notice, self._at = file, notice, at
        self._language = file.case.language
        self._today = notice.civil_date(at)

    def papers(self, letter: Letter) -> list[p.Paper]:
        """What goes into the envelope, in order. Raises KeyError: there is no letter of such a kind."""
        composed = _LETTERS[letter.kind](self, letter)
        return composed if isinstance(composed, list) else [composed]

    def _head(self) -> _Head:
        """What every letter begins with. With an agent, they get it, for the person."""
        private = self._file.private
        to = private.agent or private.person
        return {
            "number": self._file.case.number,
            "operator": operator(self._notice, self._language),
            "to": p.Addressee(
                name=to.name or to.kana,
                postcode=to.postal_code,
                address=to.address,
                care_of=private.person.name if private.agent else "",
            ),
            "on": self._today,
            "destroy_on": self._file.case.destroy_on,
        }

    def _received_on(self) -> dt.date:
        case = self._file.case
        return case.arrival.on if case.arrival else self._notice.civil_date(case.contacted_at)

    def form(self, letter: Letter) -> list[p.Paper]:
        """送付状 and 申請書."""
        fee = max(self._notice.fee_yen(one, self._at) for one in RequestType)
        years = self._notice.rule(Rule.PAPER_KEPT_YEARS, self._at)
        kinds = tuple(self._notice.contents.kinds[kind].of(self._language) for kind in Kind)
        form = p.ApplicationForm(
            number=self._file.case.number,
            operator=operator(self._notice, self._language),
            kinds=kinds,
            fee_yen=fee,
            kept_years=years,
        )
        enclosed = p.Enclosed(form.title.of(self._language), self._say("1部", "1 copy"))
        until = lapses_on(self._today, FORM_LAPSES_DAYS)
        cover = p.CoverLetter(**self._head(), enclosed=(enclosed,), fee_yen=fee, return_by=until)
        return [cover, form]

    def defects(self, letter: Letter) -> p.Paper:
        """補正のお願い."""
        missing = tuple(
            p.Missing(*(words.of(self._language) for words in DEFECTS[one])) for one in self._file.case.defects
        )
        by = lapses_on(self._today, DEFECT_LAPSES_DAYS)
        return p.DefectNotice(**self._head(), received_on=self._received_on(), missing=missing, reply_by=by)

    def unverified(self, letter: Letter) -> p.Paper:
        """本人確認ができない旨."""
        ways = tuple(p.Way(self._say(*_WAYS[one]), self._say(*WAYS[one][1:])) for one in self._file.private.offered)
        until = lapses_on(self._today, REOPENS_DAYS)
        return p.UnverifiedNotice(**self._head(), received_on=self._received_on(), ways=ways, reopen_until=until)

    def extension(self, letter: Letter) -> p.Paper:
        """延長のお知らせ."""
        case = self._file.case
        return p.ExtensionNotice(
            **self._head(),
            received_on=self._received_on(),
            due_on=lapses_on(self._received_on(), 14),
            extended_to=case.extended_to or self._today,
            reason=self._file.private.reasons.get("extension", ""),
        )

    def withdrawn(self, letter: Letter) -> p.Paper:
        """取下げの受付."""
        requests = tuple(self._title(item) for item in self._file.case.items.values())
        return p.WithdrawalNotice(**self._head(), withdrawn_on=self._today, requests=requests)

    def lapsed(self, letter: Letter) -> p.Paper:
        """手続きの終了."""
        case = self._file.case
        form = case.arrival is None
        asked_on = (case.form_sent_on if form else case.defects_told_on) or self._today
        days = FORM_LAPSES_DAYS if form else DEFECT_LAPSES_DAYS
        return p.LapseNotice(
            **self._head(),
            awaited=self._say("申請書", "Your application form")
            if form
            else self._say("補正の書類", "What was missing"),
            asked_on=asked_on,
            due_on=lapses_on(asked_on, days),
        )

    def referred(self, letter: Letter) -> p.Paper:
        """委託元のご案内."""
        names = [self._file.private.reasons[name] for name in letter.items]
        return p.ReferralNotice(
            **self._head(),
            received_on=self._received_on(),
            requests=tuple(self._title(self._file.case.items[name]) for name in letter.items),
            entrusters=tuple(p.Entruster(name=one, address="", tel="") for one in names),
        )

    def answer(self, letter: Letter) -> p.Paper:
        """What was decided on these items: done, or not, or only in part."""
        [name] = letter.items
        item = self._file.case.items[name]
        decision = item.decision
        if decision is None:
            raise KeyError(letter.kind)
        reason = self._file.private.reasons.get(name, "")
        if decision.outcome is Outcome.NOT_EXIST:
            return p.NonExistenceNotice(
                **self._head(),
                received_on=self._received_on(),
                request=self._title(item),
                sought=self._file.private.words.get(name, "") or self._title(item),
                searched=(self._say("本サービスの全ての保存先", "Everything that this service stores"),),
            )
        if decision.outcome is Outcome.REFUSED and decision.ground is not None:
            article = ARTICLES[deciding.GROUNDS[decision.ground][item.type]]
            refused = p.Refused(
                request=self._title(item),
                part=False,
                what=self._title(item),
                ground=GROUNDS[decision.ground].of(self._language),
                article=article.of(self._language),
                reason=reason,
            )
            return p.RefusalNotice(**self._head(), received_on=self._received_on(), items=(refused,))
        outcome = p.Outcome(decision.outcome)
        done = p.Decided(request=self._title(item), outcome=outcome, done=self._done(name, item), reason=reason)
        return p.DecisionNotice(**self._head(), received_on=self._received_on(), items=(done,))

    def purposes(self, cells: Iterable[Cell], names: Mapping[str, Words]) -> p.Paper:
        """利用目的の通知書 under this notice: of what takes consent, only what these live cells give."""
        given = list(cells)
        rows = []
        for code, purpose in self._notice.contents.purposes.items():
            its = [cell for cell in given if cell.purpose is code]
            if purpose.basis is Basis.CONSENT and not its:
                continue
            kinds = sorted({cell.kind for cell in its}, key=list(Kind).index)
            if purpose.basis is not Basis.CONSENT:
                kinds = [kind for kind in Kind if purpose.may_touch(kind)]
            to = sorted({cell.recipient for cell in its})
            rows.append(
                p.PurposeRow(
                    title=purpose.title.of(self._language),
                    why=purpose.why.of(self._language),
                    basis=BASES[purpose.basis].of(self._language),
                    kinds=tuple(self._notice.contents.kinds[kind].of(self._language) for kind in kinds),
                    recipients=tuple(names[one].of(self._language) for one in to if one in names),
                    retention=purpose.retention.of(self._language),
                )
            )
        return p.PurposeNotice(
            **self._head(),
            received_on=self._received_on(),
            version=self._notice.contents.version,
            purposes=tuple(rows),
        )

    def _done(self, name: str, item: Item) -> str:
        """What was done; of a correction also what it was, which the law asks for (art. 34(3))."""
        done = DONE[item.type].of(self._language)
        correction = self._file.private.corrections.get(name)
        if correction is None or all(proof.task != "correct" for proof in item.evidence):
            return done
        return f"{done}{self._say('', ' ')}{told(correction, self._notice, self._language)}"

    def _title(self, item: Item) -> str:
        return REQUESTS[item.type].of(self._language)

    def _say(self, ja: str, en: str) -> str:
        return ja if self._language is Language.JA else en


_LETTERS: Mapping[str, Callable[[Composer, Letter], p.Paper | list[p.Paper]]] = {
    "form": Composer.form,
    "defects": Composer.defects,
    "unverified": Composer.unverified,
    "extension": Composer.extension,
    "withdrawn": Composer.withdrawn,
    "lapsed": Composer.lapsed,
    "referred": Composer.referred,
    "answer": Composer.answer,
}
"""Every kind of letter that the machine asks for."""
