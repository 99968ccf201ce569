"""A request on paper: Ken, who is about to move, asks for a copy of everything, and then for its erasure."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from infra.demo import steps
from infra.demo.filed import audit_proof, keep_paper, unpack
from infra.demo.matching import match
from infra.demo.people import KEN, Words
from infra.demo.phone import Phone, Unexpected
from infra.demo.requested import Happened, Requested
from infra.demo.staff import Sitting, Staff, colleague
from infra.demo.stage import Stage
from infra.demo.stored import Shelf
from infra.local.platform import CLIENT_ID
from infra.local.staff import register_test_staff
from shared.disclosure.days import civil_date
from shared.ids import RandomIds
from shared.staff.model import Role
from shared.vocabulary import Kind

FOLDER = "request"
STATED = {
    "name": "谷 健",
    "kana": "タニ ケン",
    "postal_code": "108-0075",
    "address": "東京都港区港南1-2-3",
    "phone": "03-5550-0142",
    "mail": "ken@example.com",
}
BORN_ON = "1988-04-12"
STAMPS_YEN = 1000
WINDOW, VERIFIER, DECIDER = (colleague(role) for role in (Role.WINDOW, Role.VERIFIER, Role.DECIDER))
_WATCHED = timedelta(minutes=30)
"""How long it is seen, after the erasure, that nothing comes back: six ticks of the schedule that fetches."""
_PAUSE = timedelta(minutes=10)
_DISCLOSURE, _ERASURE = "1", "2"


class Request:
    """The chapters about it. `told` is what the report shows; what was made lies in the folder."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.told: Requested | None = None
        self._folder = folder / FOLDER
        self._case = ""
        self._points: dict[str, int] = {}
        self._person = {**STATED, "born_on": BORN_ON}
        self._wishes = [{"type": "disclosure", "way": "electronic"}, {"type": "erasure"}]
        self._seen: Mapping[str, Any] = {}

    async def ken_calls(self) -> None:
        """The window takes in what he asks for, and posts the form that bears the case's number."""
        stage, shelf = self.stage, Shelf()
        await register_test_staff(shelf.documents, stage.clock)
        address = {"postal_code": STATED["postal_code"], "text": STATED["address"]}
        given = {name: STATED[name] for name in ("name", "kana", "phone", "mail")}
        profile = {"if_version": 0, **given, "birth_on": BORN_ON, "address": address}
        await self._phone.call("PUT", "profile", 200, json=profile)
        self._case = RandomIds().ident()
        contact = {"category": "customer", "channel": "phone", "person": self._person, "wishes": self._wishes}
        begun = await self._staff.call(WINDOW.email, "POST", "/cases", 201, {"id": self._case, "contact": contact})
        self.told = Requested(begun["case"]["number"])
        self._seen = begun["case"]
        self._happens(steps.CALLED.filled(number=self.told.number))
        sitting = await self._opened(WINDOW.email, "電話の続き")
        await sitting.does("send_form")
        await self._settled()
        await self._post_letters()
        self._happens(steps.FORM_POSTED)

    async def the_form_comes_back(self) -> None:
        """Three days later, with stamps: the 14 days begin. What it says is copied twice."""
        today = self._today
        sitting = await self._opened(WINDOW.email, "申請書の到着")
        arrival = {"number": self._told.number, "on": today, "registered_mail": "", "stamps_yen": STAMPS_YEN}
        await sitting.does("register_arrival", **arrival)
        form = {"by": "self", "person": self._person, "wishes": self._wishes}
        await sitting.does("enter_form", first=form, second=msgspec.json.decode(msgspec.json.encode(form)))
        self._saw(sitting)
        self._told.due_on = str(sitting.seen["due_on"])
        self._happens(steps.FORM_BACK.filled(yen=STAMPS_YEN))

    async def is_carried_out(self, points: Mapping[Kind, int]) -> None:
        """Verified by one, decided by another; then the system packs, erases and writes. Nothing comes back.

        `points` are those that were read back of his before.
        """
        if self.told is None or not self.told.due_on:
            return
        self._points = {kind.value: n for kind, n in points.items() if n}
        with self.stage.timed("request"):
            self.stage.telling.begins(steps.REQUEST_HANDLED)
            await self._verified()
            await self._disclosed()
            await self._erased()
            await self._answered()
            await self._nothing_comes_back()

    async def _verified(self) -> None:
        sitting = await self._opened(VERIFIER.email, "本人確認")
        await sitting.does("begin_verification")
        licence = {"paper": "driving_licence", "received_on": self._today, "good_until": "2030-04-12"}
        shown = ["name", "birth_on", "address"]
        await sitting.does("add_proof", document={"type": "document", **licence, "agreed": shown})
        await match(self._case, VERIFIER.email, birth_on=date.fromisoformat(BORN_ON), **STATED)
        sitting = await self._opened(VERIFIER.email, "本人確認")
        await sitting.does("verify")
        await self._settled()
        self._happens(steps.PROVEN)
        fresh = await self._opened(DECIDER.email, "範囲の確認")
        self.stage.check(
            Words(
                "本人確認が済むと、決定を待たずに取得と提供が止まった",
                "Once he was proven to be himself, fetching and handing on stopped before any decision",
            ),
            Words("暫定停止中", "provisionally frozen")
            if fresh.seen["frozen"]
            else Words("止まっていない", "not frozen"),
            good=fresh.seen["frozen"],
        )

    async def _disclosed(self) -> None:
        sitting = await self._opened(DECIDER.email, "範囲の確認")
        await sitting.does("fix_scope", item=_DISCLOSURE, scope={"last": self._today})
        await sitting.does("fix_scope", item=_ERASURE, scope={})
        await self._settled()
        sitting = await self._opened(DECIDER.email, "開示の決定")
        await sitting.does("decide", item=_DISCLOSURE, outcome="full")
        await self._settled()
        self._happens(steps.DISCLOSURE_DECIDED)
        raw = await self._phone.fetch(f"disclosure/requests/{self._case}/results/{_DISCLOSURE}/1")
        self._folder.mkdir(parents=True, exist_ok=True)
        packed = self._told.package = unpack(raw, self._folder / "package", self._folder / "package.zip")
        rows = sum(packed.rows.values())
        self._happens(steps.PACKED.filled(files=packed.files, rows=rows))
        self.stage.check(
            Words(
                "開示の一式は、保存した計測値をすべて含み、目録のハッシュと一致した",
                "The package holds every point that was stored, and matches the hashes of its manifest",
            ),
            Words(f"ファイル {packed.files} 件、計測値 {rows:,} 件", f"{packed.files} files, {rows:,} points"),
            good=not packed.wrong and packed.rows == self._points,
        )

    async def _erased(self) -> None:
        sitting = await self._opened(DECIDER.email, "消去の決定")
        await sitting.does("decide", item=_ERASURE, outcome="full")
        self._happens(steps.ERASURE_DECIDED)
        await self._settled()
        [erasure] = await Shelf().erasures(KEN)
        self._told.erased = {kind: n for kind, n in erasure.deleted.items() if n}
        self._happens(steps.ERASED.filled(documents=sum(self._told.erased.values())))

    async def _answered(self) -> None:
        """The answers are posted; every letter of the case, and what proves each step, is kept for the report."""
        await self._post_letters()
        seen = self._seen
        self._told.evidence = [
            {"item": item["id"], "type": item["item"]["type"], **proof}
            for item in seen["items"]
            for proof in item["item"]["evidence"]
        ]
        (self._folder / "letters").mkdir(parents=True, exist_ok=True)
        shelf = Shelf()
        for name, letter in sorted(seen["letters"].items()):
            for part, sha256 in enumerate(letter["papers"], 1):
                raw = await shelf.paper(self._case, f"{name}.{part}")
                path = self._folder / "letters" / f"{name}.{part}-{letter['kind']}.pdf"
                self._told.letters.append(keep_paper(raw, path, sha256, self._told.number))
        self._happens(steps.ANSWERS_POSTED.filled(letters=len(self._told.letters)))
        pages = sum(one.pages for one in self._told.letters)
        self.stage.check(
            Words("すべての手紙が、受付番号のある PDF である", "Every letter is a PDF that bears the case's number"),
            Words(f"{len(self._told.letters)} 通、{pages} ページ", f"{len(self._told.letters)} papers, {pages} pages"),
            good=bool(self._told.letters) and all(one.whole for one in self._told.letters),
        )

    async def _nothing_comes_back(self) -> None:
        """Half an hour of schedules later the account is as empty as it was."""
        calls = self._calls()
        await self.stage.pass_until(self.stage.clock.now() + _WATCHED)
        await self._check_account(calls=self._calls() - calls)
        shelf = Shelf()
        key, [erasure] = await shelf.key_state(KEN), await shelf.erasures(KEN)
        granted = self.stage.world.oauth.has_grant(self.stage.person(KEN).account, CLIENT_ID)
        self.stage.check(
            Words(
                "データ鍵は壊され、Google の許可は取り消された",
                "The data key is destroyed, and the permission at Google is revoked",
            ),
            Words(
                f"第 {erasure.generation} 世代の鍵：{key}、許可：{'残っている' if granted else 'なし'}",
                f"key: generation {erasure.generation}, {key}; permission: {'still there' if granted else 'none'}",
            ),
            good=key == "key_destroyed" and not granted,
        )
        proof = await audit_proof(self.stage.clock.now())
        self._told.audit_entries = proof.entries
        found = ", ".join(f"{one.what} {one.where}" for one in proof.findings)
        self.stage.check(
            Words("監査記録の鎖はすべてつながっている", "Every chain of the audit log is whole"),
            Words(
                f"記録 {proof.entries:,} 件、封 {proof.checkpoints} 件。{found or '異状なし'}",
                f"{proof.entries:,} entries, {proof.checkpoints} days sealed; {found or 'nothing found'}",
            ),
            good=proof.entries > 0 and not found,
        )

    async def _check_account(self, *, calls: int) -> None:
        """What his app shows now, kept as account.json; and the store itself."""
        today = self.stage.clock.now().date().isoformat()
        read = [f"measurement?kind={kind}&from=2026-01-01&to={today}" for kind in self._points]
        shown = {path: await self._phone.look(path) for path in ("connection", "consent", "profile", "erasure", *read)}
        documents = sum(size.documents for size in (await Shelf().sizes(KEN)).values())
        kept = {path: {"status": status, "answer": answer} for path, (status, answer) in shown.items()}
        written = msgspec.json.format(msgspec.json.encode({"day_documents": documents, "app": kept}), indent=2)
        (self._folder / "account.json").write_bytes(written)
        days = sum(_days(*shown[path]) for path in read)
        minutes = _WATCHED // timedelta(minutes=1)
        about = [value for value in shown["profile"][1]["profile"].values() if value]
        self.stage.check(
            Words(
                "消去の後、アカウントに計測値も登録内容もなく、定期の取得も何も戻さなかった",
                "After the erasure the account holds no measurement and no profile, and no visit brought any back",
            ),
            Words(
                f"{minutes} 分後、文書 {documents} 件、表示 {days} 日分、Google の呼び出し {calls} 回",
                f"{minutes} minutes on: {documents} documents, {days} days shown, {calls} calls to Google",
            ),
            good=documents == days == calls == len(about) == 0,
        )

    async def _settled(self) -> None:
        """The system does what is due now, and a little later."""
        await self.stage.platform.drain()
        await self.stage.platform.advance(_PAUSE)

    async def _post_letters(self) -> None:
        sitting = await self._opened(WINDOW.email, "手紙の発送")
        for name, letter in sitting.seen["letters"].items():
            if letter["papers"] and letter["sent_on"] is None:
                await sitting.does("posted", letter=name, on=self._today)
        self._saw(sitting)

    async def _opened(self, email: str, reason: str) -> Sitting:
        sitting = await self._staff.opens(email, self._case, reason)
        self._saw(sitting)
        return sitting

    def _saw(self, sitting: Sitting) -> None:
        self._seen = sitting.seen

    def _happens(self, what: Words) -> None:
        self.stage.telling.says(what)
        at = self.stage.telling.told[-1].at
        self._told.happened.append(Happened(at, what, self._seen["days_left"]))

    def _calls(self) -> int:
        email = self.stage.person(KEN).account.email
        return sum(calls.get(email, 0) for calls in self.stage.world.counters().values())

    @property
    def _today(self) -> str:
        return civil_date(self.stage.clock.now()).isoformat()

    @property
    def _told(self) -> Requested:
        if self.told is None:
            raise Unexpected("nobody has called yet")
        return self.told

    @property
    def _staff(self) -> Staff:
        platform = self.stage.platform
        return Staff(platform.url, self._phone.session, platform.issuer.staff_assertion)

    @property
    def _phone(self) -> Phone:
        return self.stage.phones[KEN]


def _days(status: int, answer: Any) -> int:
    """Days with something to show."""
    return len(answer["days"]) if status == 200 else 0
