"""From a case to its letters: what each says, as a value of `papers.model`. Pure."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping

from shared.consent.model import Cell
from shared.disclosure.answers import Answer, Head
from shared.disclosure.codes import RequestType
from shared.disclosure.days import lapses_on
from shared.disclosure.ending import DEFECT_LAPSES_DAYS, FORM_LAPSES_DAYS
from shared.disclosure.file import File
from shared.disclosure.identity import WAYS
from shared.disclosure.identity import Way as Shows
from shared.disclosure.model import Item, Letter
from shared.disclosure.operator import operator_of
from shared.disclosure.verifying import REOPENS_DAYS, addressee
from shared.disclosure.words import BASES, DEFECTS, REQUESTS
from shared.papers import answers
from shared.papers import model as p
from shared.policy.model import Basis, Notice, Rule, Words
from shared.vocabulary import Kind, Language

_WAYS = {
    Shows.PHOTO_PAPER: ("写真付きの本人確認書類1点", "One paper with a photo"),
    Shows.TWO_PAPERS: ("本人確認書類2点", "Two papers"),
    Shows.APP: ("アプリからのご請求", "A request from the app"),
    Shows.MAIL_LINK: ("登録メールアドレスでのご確認", "Your registered mail address"),
}
_FORM = ("申請書", "Your application form")
_MISSING = ("補正の書類", "What was missing")


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

    def _head(self) -> Head:
        """What every letter begins with. With an agent, they get it, for the person."""
        private = self._file.private
        to = addressee(self._file, self._at)
        return {
            "number": self._file.case.number,
            "operator": operator_of(self._notice.contents, self._language),
            "to": p.Addressee(
                name=to.name or to.kana,
                postcode=to.postal_code,
                address=to.address,
                care_of="" if to is private.person else private.person.name,
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
            operator=operator_of(self._notice.contents, self._language),
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
        items = self._file.case.items
        requests = tuple(self._title(items[name]) for name in letter.items or items)
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

    def answer(self, letter: Letter) -> list[p.Paper]:
        """What was decided on an item, and what goes with it. Raises KeyError: nothing was."""
        [name] = letter.items
        return Answer(
            file=self._file, notice=self._notice, head=self._head(), received_on=self._received_on(), name=name
        ).papers()

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
                answers.PurposeRow(
                    title=purpose.title.of(self._language),
                    why=purpose.why.of(self._language),
                    basis=BASES[purpose.basis].of(self._language),
                    kinds=tuple(self._notice.contents.kinds[kind].of(self._language) for kind in kinds),
                    recipients=tuple(names[one].of(self._language) for one in to if one in names),
                    retention=purpose.retention.of(self._language),
                )
            )
        return answers.PurposeNotice(
            **self._head(),
            received_on=self._received_on(),
            version=self._notice.contents.version,
            purposes=tuple(rows),
        )

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
