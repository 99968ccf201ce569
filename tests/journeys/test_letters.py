"""A letter through the platform: queued beside what it tells of, sent by the function, seen in the mailbox, bounced."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
import pytest

from shared.cloud import loops
from shared.mail.letters import Acknowledged, template_of, written
from shared.mail.model import Attachment, Letter, State
from shared.mail.service import Outbox
from shared.mail.store import MessageStore
from shared.vocabulary import Language
from shared.wiring.keys import keys
from shared.wiring.mailing import outbox
from shared.wiring.platform import platform
from tests.journeys.town import Town

OWNER, ABOUT = "case.k1", "cases/k1"


class Desk(NamedTuple):
    """Whoever writes letters."""

    town: Town
    outbox: Outbox
    messages: MessageStore

    async def writes(self, to: str) -> str:
        """A letter, committed and handed over; its id."""
        said = Acknowledged(
            name="鈴木 花",
            number="KG-7H2K-9QXM",
            desk=["個人情報問合せ窓口担当"],
            received_on=dt.date(2026, 11, 25),
            answer_by=dt.date(2026, 12, 9),
        )
        words = written(said, Language.JA)
        letter = Letter(
            to=to, subject=words.subject, text=words.text, attachments=[Attachment("控え.pdf", b"%PDF-1.7")]
        )
        forget_at = self.town.clock.now() + dt.timedelta(days=365)
        queued = await self.outbox.queued(
            letter, about=ABOUT, owner=OWNER, template=template_of(said), forget_at=forget_at
        )
        await self.outbox.commit(queued.writes, witness=queued.writes[-1].path)
        await self.outbox.hand_over([queued.id])
        return queued.id

    async def states(self) -> list[State]:
        return [one.value.state for one in await self.messages.of(ABOUT)]


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[Desk]:
    p = platform("mail")
    k = keys(p)
    await k.data.ensure(OWNER)
    yield Desk(town, outbox(p), MessageStore(p.documents))
    await p.documents.close()
    await k.data._documents.close()
    await loops.close_all()


async def test_a_letter_is_sent_and_its_bounce_is_seen(desk: Desk):
    town = desk.town
    ident = await desk.writes("hana@example.com")
    assert await desk.states() == [State.QUEUED]
    assert not town.platform.aws.running, "nothing has needed AWS so far"
    await town.settle()
    assert await desk.states() == [State.SENT]
    [mail] = await town.platform.aws.mails()
    assert (mail.to, mail.ident) == ("hana@example.com", ident)
    assert mail.subject == "【受付番号 KG-7H2K-9QXM】個人情報の開示等のご請求を受け付けました"
    assert "回答の予定期限：2026年12月9日（水）" in mail.text
    assert mail.attachments == {"控え.pdf": b"%PDF-1.7"}

    async with aiohttp.ClientSession(f"{town.platform.url}/mail-box/") as browser:
        page = await (await browser.get("")).text()
        assert "鈴木 花 様" in page
        [listed] = await (await browser.get("mails")).json()
        assert (listed["ident"], listed["attachments"]) == (ident, {"控え.pdf": 8})
        assert await (await browser.get(f"{ident}/控え.pdf")).read() == b"%PDF-1.7"
        assert (await browser.get(f"{ident}/none.pdf")).status == 404
        assert (await browser.post(f"{ident}/bounce")).status == 200
    assert await town.platform.tick("mail") == 200
    assert await desk.states() == [State.BOUNCED]


async def test_where_no_letter_was_sent_the_tick_leaves_aws_alone(desk: Desk):
    assert await desk.town.platform.tick("mail") == 200
    assert not desk.town.platform.aws.running
    assert await desk.town.platform.aws.mails() == []


async def test_a_lost_task_is_found_by_the_clock(desk: Desk):
    await desk.writes("hana@example.com")
    assert desk.town.platform.tasks.take_due(), "a worker takes it, and dies"
    await desk.town.platform.advance(dt.timedelta(minutes=10))
    assert await desk.states() == [State.SENT]
