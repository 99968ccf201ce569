"""What goes into the envelope that answers one item, by its type, its outcome, and the way it is handed over. Pure.

| item                                   | done in full              | in part: besides           |
|----------------------------------------|---------------------------|----------------------------|
| handed over on paper                   | cover, decision           | notice of partial refusal  |
| handed over by link                    | decision, code            | notice of partial refusal  |
| erased here                            | certificate of erasure    | notice of partial refusal  |
| anything else                          | decision                  | notice of partial refusal  |

What is refused gets the notice of refusal alone, and what is not held the notice of that. A complaint is answered by a
decision, whatever came of it: no ground of the law is asked for.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TypedDict

from shared.disclosure import deciding
from shared.disclosure.codes import Ground, Outcome, RequestType, Way
from shared.disclosure.days import civil_date
from shared.disclosure.file import File
from shared.disclosure.handing import HANDED, by_link, parts_of
from shared.disclosure.model import Decision, Item
from shared.disclosure.telling import told as said
from shared.disclosure.words import ARTICLES, DONE, GROUNDS, REQUESTS
from shared.erasure.model import BACKUPS_LAST
from shared.papers import answers as told
from shared.papers import model as p
from shared.policy.model import Notice
from shared.release.model import KEPT_FOR
from shared.vocabulary import Language


class Head(TypedDict):
    """What every letter begins with."""

    number: str
    operator: p.Operator
    to: p.Addressee
    on: dt.date
    destroy_on: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to the item `name`, which is decided."""

    file: File
    notice: Notice
    head: Head
    received_on: dt.date
    name: str

    def papers(self) -> list[p.Paper]:
        """In the order of the envelope. Raises KeyError: nothing was decided."""
        decision = self._decision()
        if decision.outcome is Outcome.NOT_EXIST:
            return [self._non_existence()]
        if decision.outcome is Outcome.REFUSED and decision.ground is not None:
            return [self._refusal(decision, decision.ground, part=False)]
        done = self._done(decision)
        if decision.outcome is Outcome.PARTIAL and decision.ground is not None:
            done.append(self._refusal(decision, decision.ground, part=True))
        return done

    def _done(self, decision: Decision) -> list[p.Paper]:
        item = self._item()
        erased = next((one for one in item.evidence if one.task == "erase"), None)
        if item.type is RequestType.ERASE and erased is not None:
            return [self._erasure(item, civil_date(erased.at), civil_date(erased.at + BACKUPS_LAST))]
        decided = self._decided(decision)
        if parts_of(item) and item.way is Way.PAPER:
            return [self._cover(item, decision), decided]
        if by_link(self.file, item) and self.file.private.code:
            code = p.CodeLetter(
                **self.head, received_on=self.received_on, requests=(self._title(item),), code=self.file.private.code
            )
            return [decided, code]
        return [decided]

    def _decided(self, decision: Decision) -> p.Paper:
        item = self._item()
        decided = told.Decided(
            request=self._title(item),
            outcome=told.Outcome(decision.outcome),
            done="" if decision.outcome is Outcome.REFUSED else self._what_was_done(item),
            reason=self.file.private.reasons.get(self.name, ""),
        )
        return told.DecisionNotice(**self.head, received_on=self.received_on, items=(decided,))

    def _what_was_done(self, item: Item) -> str:
        if by_link(self.file, item):
            return self._say(
                "メールでお送りしたリンクから、同封の受取番号を使ってお受け取りください。",
                "Please fetch it by the link that we mailed you, with the enclosed code.",
            )
        if item.type in HANDED and item.way is Way.ELECTRONIC and parts_of(item):
            return self._say("KAGAMINOアプリからお受け取りください。", "Please fetch it in the KAGAMINO app.")
        done = DONE[item.type].of(self._language)
        correction = self.file.private.corrections.get(self.name)
        if correction is None or all(proof.task != "correct" for proof in item.evidence):
            return done
        # Of a correction the person is told what it was (art. 34(3)).
        return f"{done}{self._say('', ' ')}{said(correction, self.notice, self._language)}"

    def _refusal(self, decision: Decision, ground: Ground, *, part: bool) -> p.Paper:
        item = self._item()
        article = ARTICLES[deciding.GROUNDS[ground][item.type]]
        refused = told.Refusal(
            request=self._title(item),
            part=part,
            what=self._what_is_refused(item) if part else self._title(item),
            ground=GROUNDS[ground].of(self._language),
            article=article.of(self._language),
            reason=self.file.private.reasons.get(self.name, ""),
        )
        return told.RefusalNotice(**self.head, received_on=self.received_on, items=(refused,))

    def _what_is_refused(self, item: Item) -> str:
        if item.type in HANDED and parts_of(item):
            return self._say(
                "資料のうち「不開示」と示した部分（資料に一覧があります）",
                "What is marked as withheld in what you receive, where it is listed",
            )
        return self._say("お求めのうち、下記の理由に当たる部分", "The part that the reason below is about")

    def _non_existence(self) -> p.Paper:
        item = self._item()
        return told.NonExistenceNotice(
            **self.head,
            received_on=self.received_on,
            request=self._title(item),
            sought=self.file.private.words.get(self.name, "") or self._title(item),
            searched=(self._say("本サービスの全ての保存先", "Everything that this service stores"),),
        )

    def _cover(self, item: Item, decision: Decision) -> p.Paper:
        one = self._say("1部", "1 copy")
        enclosed = [p.Enclosed(told.DecisionNotice.TITLE.of(self._language), one)]
        if decision.outcome is Outcome.PARTIAL:
            enclosed.append(p.Enclosed(told.RefusalNotice.IN_PART.of(self._language), one))
        material = (
            told.PurposeNotice.TITLE.of(self._language)
            if item.type is RequestType.PURPOSE
            else self._say(f"資料（{self._title(item)}）", f"The information ({self._title(item)})")
        )
        copies = parts_of(item)
        enclosed.append(
            p.Enclosed(material, self._say(f"{copies}部", f"{copies} {'copy' if copies == 1 else 'copies'}"))
        )
        return told.AnswerCover(
            **self.head,
            received_on=self.received_on,
            delivery=self._say("本人限定受取郵便または簡易書留", "Registered post"),
            enclosed=tuple(enclosed),
        )

    def _erasure(self, item: Item, erased_on: dt.date, unreadable_on: dt.date) -> p.Paper:
        kinds = [self.notice.contents.kinds[kind].of(self._language) for kind in item.scope.kinds]
        deleted = self._say("保存先からの削除", "Deleted where it was stored")
        if kinds:
            erased = [told.Erased(what=kind, how=deleted) for kind in kinds]
        else:
            how = self._say("データの削除と、暗号鍵の破棄", "Deleted, and their key destroyed")
            erased = [
                told.Erased(what=self._say("測定データ（全ての種類）", "Measurements of every kind"), how=how),
                told.Erased(what=self._say("登録情報（氏名、連絡先など）", "Your profile (name, contacts)"), how=how),
                told.Erased(
                    what=self._say("外部サービスとの連携", "Connections to other services"),
                    how=self._say("許可の取消しと、削除", "Permission revoked, and deleted"),
                ),
            ]
        kept = (
            told.Kept(
                what=self._say("第三者に提供した記録（ある場合）", "Records of provision to third parties, if any"),
                why=self._say(
                    "個人情報の保護に関する法律第29条により保存が義務付けられているため",
                    "Article 29 of the Act on the Protection of Personal Information obliges us to keep them",
                ),
                until=erased_on + KEPT_FOR,
            ),
            told.Kept(
                what=self._say("同意と消去の記録", "Records of consents and of this erasure"),
                why=self._say("適切に取り扱ったことを示すため", "To show that your data was handled properly"),
            ),
        )
        return told.ErasureCertificate(
            **self.head,
            received_on=self.received_on,
            erased_on=erased_on,
            unreadable_on=unreadable_on,
            erased=tuple(erased),
            kept=kept,
        )

    @property
    def _language(self) -> Language:
        return self.file.case.language

    def _item(self) -> Item:
        return self.file.case.items[self.name]

    def _decision(self) -> Decision:
        decision = self._item().decision
        if decision is None:
            raise KeyError("answer")
        return decision

    def _title(self, item: Item) -> str:
        return REQUESTS[item.type].of(self._language)

    def _say(self, ja: str, en: str) -> str:
        return ja if self._language is Language.JA else en
