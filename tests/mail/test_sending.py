"""A letter is sent, whatever fails on the way: never lost, and twice only where nobody can tell that it was."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.clock import ManualClock
from shared.cloud.documents import Expect, Put
from shared.cloud.vault import KeyShredder
from shared.errors import Conflict, Fault, InvalidInput, NotFound, OutcomeUnknown, Refused, Unavailable
from shared.mail.model import HELD, MOST_ATTEMPTS, MOST_BYTES, Attachment, Letter, State, backoff, view
from tests.faults.passage import MODES, KilledHere, Mode, Strike
from tests.mail.world import ABOUT, LETTER, OWNER, Process, World

THROTTLED = Unavailable("aws_unavailable")


@pytest.fixture
async def world(clock: ManualClock) -> AsyncIterator[World]:
    made = World(clock)
    yield made
    await made.close()


async def chain_is_whole(world: World, name: str) -> list[str]:
    entries = await stream_entries(world.documents, f"mail.{name}")
    assert first_break(entries) is None
    assert (await world.stands(name)).value.audit.length == len(entries)
    return [entry.action for entry in entries]


async def test_a_queued_letter_is_sent_once_and_says_what_it_said(world: World):
    queued = await world.queued()
    assert (await world.stands(queued.id)).value.state is State.QUEUED
    assert await world.deliver() == ["sent"]
    assert await world.sending().send(queued.id) == "nothing_to_do"
    assert (world.ses.sent, world.ses.letters) == ([queued.id], [LETTER])
    one = await world.stands(queued.id)
    assert (one.value.state, one.value.provider_id, one.value.due_at) == (State.SENT, "ses-1", None)
    assert await chain_is_whole(world, queued.id) == ["mail.queued", "mail.sending", "mail.sent"]


async def test_neither_the_store_nor_the_log_shows_to_whom_or_what(world: World, capsys: pytest.CaptureFixture[str]):
    world.ses.faults = [Refused("aws_refused", "canary", more={"said": "MessageRejected"})]
    queued = await world.queued()
    await world.deliver()
    one = await world.documents.get(f"messages/{queued.id}")
    entries = await stream_entries(world.documents, f"mail.{queued.id}")
    assert one
    assert "canary" not in f"{one.data}{entries}{capsys.readouterr()}"
    assert b"canary" not in one.data["sealed"]


async def test_what_a_letter_is_about_finds_it(world: World):
    first = await world.queued()
    world.clock.advance(dt.timedelta(hours=1))
    second = await world.queued()
    found = await world.messages.of(ABOUT)
    assert [one.id for one in found] == [second.id, first.id]
    assert view(found[0]).state is State.QUEUED
    assert await world.messages.of("cases/other") == []


async def every_io(world: World) -> int:
    """How many I/Os there are in telling somebody something, without a fault."""
    await tell(world, Process())
    await world.deliver()
    return len(world.passage.trace)


async def tell(world: World, process: Process) -> None:
    """A change of state that somebody is told of, in one commit."""
    await world.keys.ensure(OWNER)
    outbox = world.outbox(process)
    queued = await outbox.queued(
        LETTER, about=ABOUT, owner=OWNER, template="t", forget_at=world.clock.now() + dt.timedelta(days=9)
    )
    case = Put(ABOUT, {"told": queued.id}, Expect.ABSENT)
    await outbox.commit([case, *queued.writes], witness=ABOUT)
    await outbox.hand_over([queued.id])


@pytest.mark.parametrize("tells", [True, False], ids=["ses_tells", "ses_tells_nothing"])
@pytest.mark.parametrize("mode", MODES)
async def test_wherever_one_io_goes_wrong_the_letter_is_sent(clock: ManualClock, mode: Mode, tells: bool):
    counting = World(ManualClock(clock.now()))
    ios = await every_io(counting)
    await counting.close()
    assert ios >= 8
    for at in range(1, ios + 1):
        world, process = World(ManualClock(clock.now()), tells=tells), Process()
        world.passage.strike = Strike(at, mode)
        with contextlib.suppress(Fault, KilledHere):
            await tell(world, process)
        await world.deliver(process)
        assert world.passage.struck, at
        world.passage.strike = None
        process.dead = False
        await world.pass_time(dt.timedelta(hours=2))
        case, found = await world.documents.get(ABOUT), await world.messages.of(ABOUT)
        assert [one.id for one in found] == ([case.data["told"]] if case else []), "one is there as the other is"
        for one in found:
            most = 1 if tells else 2
            assert 1 <= world.ses.sent.count(one.id) <= most, (at, mode, world.passage.struck)
            assert one.value.state is State.SENT, (at, mode, world.passage.struck)
            await chain_is_whole(world, one.id)
        await world.close()


async def test_two_deliveries_at_once_send_it_once(world: World):
    queued = await world.queued()
    outcomes = await asyncio.gather(*(world.sending().send(queued.id) for _ in range(5)), return_exceptions=True)
    assert outcomes.count("sent") == 1
    assert all(one in ("sent", "not_yet", "nothing_to_do") or isinstance(one, Conflict) for one in outcomes)
    assert world.ses.sent == [queued.id]


async def test_a_failing_carrier_is_asked_again_later_and_not_before(world: World):
    queued = await world.queued()
    world.ses.faults = [THROTTLED, THROTTLED]
    assert await world.deliver() == ["put_off"]
    assert await world.sending().send(queued.id) == "not_yet"
    one = (await world.stands(queued.id)).value
    assert (one.state, one.reason, one.attempts) == (State.QUEUED, "aws_unavailable", 1)
    world.clock.advance(backoff(1))
    assert await world.deliver() == ["put_off"]
    assert await world.deliver() == []
    world.clock.advance(backoff(2))
    assert await world.deliver() == ["sent"]


async def test_a_put_off_letter_whose_task_was_lost_is_found(world: World):
    queued = await world.queued()
    world.ses.faults = [THROTTLED]
    await world.deliver()
    world.tasks.waiting.clear()
    await world.pass_time(dt.timedelta(minutes=10))
    assert world.ses.sent == [queued.id]


async def test_an_unknown_outcome_is_settled_by_what_ses_tells_and_nothing_goes_out_twice(world: World):
    queued = await world.queued()
    world.passage.strike = Strike(len(world.passage.trace) + 4, "after")
    assert await world.deliver() == ["outcome_unknown"]
    assert "commit by send" in world.passage.struck
    assert (await world.stands(queued.id)).value.state is State.SENDING
    await world.tick()
    assert (await world.stands(queued.id)).value.state is State.SENT
    await world.pass_time(HELD * 4)
    assert world.ses.sent == [queued.id]


async def test_an_unknown_outcome_of_which_nothing_is_told_goes_out_again(world: World):
    world.ses.tells = False
    queued = await world.queued()
    world.ses.faults = [OutcomeUnknown("aws_unknown")]
    assert await world.deliver() == ["outcome_unknown"]
    world.clock.advance(HELD - dt.timedelta(minutes=1))
    assert await world.sending().send(queued.id) == "not_yet"
    await world.pass_time(dt.timedelta(minutes=10))
    assert world.ses.sent == [queued.id]


@pytest.mark.parametrize(
    "fault",
    [
        THROTTLED,
        Refused("aws_refused", more={"said": "MessageRejected"}),
        Refused("aws_refused", more={"said": "SendingPausedException"}),
        OutcomeUnknown("aws_unknown"),
    ],
    ids=lambda fault: fault.more.get("said", fault.code),
)
async def test_nothing_is_tried_for_ever_and_a_person_is_told(
    world: World, fault: Fault, capsys: pytest.CaptureFixture[str]
):
    queued = await world.queued()
    world.ses.faults = [fault] * 100
    await world.deliver()
    await world.pass_time(dt.timedelta(hours=20))
    assert (await world.stands(queued.id)).value.state in (State.QUEUED, State.SENDING, State.FAILED)
    await world.pass_time(dt.timedelta(hours=28))
    one = (await world.stands(queued.id)).value
    assert (one.state, one.attempts, one.due_at) == (State.FAILED, MOST_ATTEMPTS, None)
    assert '"ERROR", "event": "mail.given_up"' in capsys.readouterr().err
    assert world.tasks.waiting == []


async def test_a_carrier_that_says_no_is_told_of_at_once_and_asked_again(
    world: World, capsys: pytest.CaptureFixture[str]
):
    await world.queued()
    world.ses.faults = [THROTTLED]
    assert await world.deliver() == ["put_off"]
    assert "ERROR" not in capsys.readouterr().err
    world.clock.advance(backoff(1))
    world.ses.faults = [Refused("aws_refused", more={"said": "SendingPausedException"})]
    assert await world.deliver() == ["put_off"]
    said = '"ERROR", "event": "mail.refused", "code": "SendingPausedException"'
    assert said in capsys.readouterr().err


async def test_what_ses_will_never_take_is_told_at_once(world: World, capsys: pytest.CaptureFixture[str]):
    queued = await world.queued()
    world.ses.faults = [Refused("aws_refused", more={"said": "BadRequestException"})]
    assert await world.deliver() == ["given_up"]
    one = (await world.stands(queued.id)).value
    assert (one.state, one.reason) == (State.FAILED, "BadRequestException")
    assert "mail.given_up" in capsys.readouterr().err


async def test_a_letter_whose_key_was_destroyed_is_given_up(world: World):
    queued = await world.queued()
    await KeyShredder(world.key_documents, world.clock).destroy(OWNER, 1)
    assert await world.deliver() == ["given_up"]
    assert (await world.stands(queued.id)).value.reason == "key_destroyed"
    assert world.ses.sent == []


async def test_what_did_not_arrive_can_be_sent_anew_and_nothing_else_can(world: World):
    queued = await world.queued()
    with pytest.raises(Conflict, match="precondition_failed"):
        await world.outbox().again(queued.id, actor="staff.1")
    world.ses.faults = [Refused("aws_refused", more={"said": "BadRequestException"})]
    await world.deliver()
    await world.outbox().again(queued.id, actor="staff.1")
    assert await world.deliver() == ["sent"]
    entries = await stream_entries(world.documents, f"mail.{queued.id}")
    assert [entry.actor for entry in entries if entry.action == "mail.again"] == ["staff.1"]
    with pytest.raises(Conflict, match="precondition_failed"):
        await world.outbox().again(queued.id, actor="staff.1")
    with pytest.raises(NotFound, match="mail_unknown"):
        await world.outbox().again("none", actor="staff.1")


async def test_a_letter_to_nobody_s_key_is_refused_where_it_is_queued(world: World):
    with pytest.raises(NotFound, match="key_missing"):
        await world.outbox().queued(LETTER, about=ABOUT, owner="case.none", template="t", forget_at=world.clock.now())


@pytest.mark.parametrize(
    ("letter", "code"),
    [
        (Letter(to="a@b.jp\r\nBcc: e@x.jp", subject="s", text="t"), "mail_address_invalid"),
        (Letter(to="a@b.jp, e@x.jp", subject="s", text="t"), "mail_address_invalid"),
        (Letter(to="花 <a@b.jp>", subject="s", text="t"), "mail_address_invalid"),
        (Letter(to="a@b", subject="s", text="t"), "mail_address_invalid"),
        (
            Letter(to=f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}", subject="s", text="t"),
            "mail_address_",
        ),
        (Letter(to="a@b.jp", subject="s\nBcc: e@x.jp", text="t"), "body_invalid"),
        (Letter(to="a@b.jp", subject="s\u2028x", text="t"), "body_invalid"),
        (Letter(to="a@b.jp", subject="s", text="t", attachments=[Attachment("a\r\nb.pdf", b"")]), "body_invalid"),
        (
            Letter(to="a@b.jp", subject="s", text="t", attachments=[Attachment("a", b"x" * MOST_BYTES)]),
            "mail_too_large",
        ),
    ],
)
async def test_what_cannot_be_sent_is_refused_where_it_is_queued(world: World, letter: Letter, code: str):
    await world.keys.ensure(OWNER)
    with pytest.raises(InvalidInput, match=code):
        await world.outbox().queued(letter, about=ABOUT, owner=OWNER, template="t", forget_at=world.clock.now())


@pytest.mark.parametrize("address", ["a..b.@docomo.ne.jp", "o'hara+x@sub.example.co.jp", "hana@xn--wgv71a.jp"])
async def test_addresses_that_people_have_are_taken(world: World, address: str):
    await world.queued(
        Letter(to=address, subject="件名 𠮷", text="t", attachments=[Attachment("申請書.pdf", b"x" * 600_000)])
    )
    assert await world.deliver() == ["sent"]
