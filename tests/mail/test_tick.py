"""What became of mails is taken in, exactly as often as it matters; what is lost is found, what is old is erased."""

import contextlib
import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator

import pytest

from shared.clock import ManualClock
from shared.errors import Refused, Unavailable
from shared.mail.events import Event, Happened, read
from shared.mail.model import WATCHED, State
from tests.faults.passage import MODES, KilledHere, Mode, Strike
from tests.mail.world import LETTER, Process, World

BOUNCE = {"bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": ["canary"]}}


@pytest.fixture
async def world(clock: ManualClock) -> AsyncIterator[World]:
    made = World(clock)
    yield made
    await made.close()


@pytest.fixture
async def sent(world: World) -> str:
    """The id of a letter that was sent."""
    queued = await world.queued()
    assert await world.deliver() == ["sent"]
    world.ses.news.clear()
    return queued.id


async def test_a_bounce_is_seen_beside_what_the_letter_is_about(
    world: World, sent: str, capsys: pytest.CaptureFixture[str]
):
    world.ses.tell("Bounce", sent, "ses-1", **BOUNCE)
    assert (await world.tick()).news == 1
    one = (await world.stands(sent)).value
    assert (one.state, one.reason) == (State.BOUNCED, "bounce.Permanent.General")
    assert world.ses.news == {}
    said = capsys.readouterr().err
    assert '"WARNING", "event": "mail.bounced"' in said
    assert "canary" not in said


ENDS = {
    ("Send",): State.SENT,
    ("Send", "Delivery"): State.DELIVERED,
    ("Send", "Bounce"): State.BOUNCED,
    ("Send", "Delivery", "Bounce"): State.BOUNCED,
    ("Send", "Delivery", "Complaint"): State.DELIVERED,
    ("Send", "Reject"): State.FAILED,
    ("Send", "DeliveryDelay", "Delivery"): State.DELIVERED,
    ("Send", "Open", "Subscription"): State.SENT,
}


@pytest.mark.parametrize(("told", "ends"), ENDS.items(), ids=lambda each: "-".join(each) if each else "")
async def test_events_come_in_any_order_and_more_than_once(clock: ManualClock, told: tuple[str, ...], ends: State):
    for order in itertools.permutations(told):
        world = World(ManualClock(clock.now()))
        queued = await world.queued()
        await world.deliver()
        world.ses.news.clear()
        for what in (*order, *order):
            world.ses.tell(what, queued.id, "ses-1", **(BOUNCE if what == "Bounce" else {}))
        await world.tick()
        one = await world.stands(queued.id)
        assert one.value.state is ends, order
        assert one.value.complained is ("Complaint" in told)
        length = one.value.audit.length
        world.ses.tell(order[-1], queued.id, "ses-1")
        await world.tick()
        assert (await world.stands(queued.id)).value.audit.length == length, "old news changes nothing"
        assert world.ses.news == {}
        await world.close()


@pytest.mark.parametrize("mode", MODES)
async def test_wherever_one_io_goes_wrong_the_bounce_is_seen(clock: ManualClock, mode: Mode):
    for at in itertools.count(1):
        world, process = World(ManualClock(clock.now())), Process()
        queued = await world.queued()
        await world.deliver()
        world.ses.tell("Bounce", queued.id, "ses-1", **BOUNCE)
        world.passage.strike = Strike(len(world.passage.trace) + at, mode)
        with contextlib.suppress(Unavailable, KilledHere):
            await world.ticking(process).tick()
        struck, world.passage.strike, process.dead = world.passage.struck, None, False
        if struck and "done" in struck and mode == "dies":
            assert (await world.stands(queued.id)).value.state in (State.SENT, State.BOUNCED), (
                "committed before put away"
            )
        await world.pass_time(dt.timedelta(minutes=30))
        assert (await world.stands(queued.id)).value.state is State.BOUNCED, (at, struck)
        assert world.ses.news == {}
        await world.close()
        if not struck:
            assert at > 8
            break


async def test_news_is_put_away_only_once_it_is_committed(world: World, sent: str):
    world.ses.tell("Bounce", sent, "ses-1", **BOUNCE)
    world.passage.trace.clear()
    await world.tick()
    steps = [what for _, what in world.passage.trace]
    assert steps.index("commit") < steps.index("done")


async def test_news_that_nobody_can_read_stays_and_is_told(world: World, sent: str, capsys: pytest.CaptureFixture[str]):
    world.ses.publish("canary, not JSON")
    world.ses.tell("Bounce", sent, "ses-1", **BOUNCE)
    world.ses.tell("Send", "", "of-somebody-else")
    world.ses.tell("Send", "../../cases", "x")
    world.ses.tell("Send", "longgone", "x")
    budget = world.ticking()
    await world.clock.sleep(0)
    object.__setattr__(budget, "budget_s", -1)
    await budget.tick()
    assert len(world.ses.news) == 1
    said = capsys.readouterr().err
    assert '"ERROR", "event": "mail.news_unreadable"' in said
    assert "canary" not in said


async def test_where_news_cannot_be_had_letters_are_sent_all_the_same(world: World, sent: str):
    queued = await world.queued()
    world.tasks.waiting.clear()

    async def away() -> list[object]:
        raise Unavailable("aws_unavailable")

    world.ses.receive = away  # type: ignore[assignment,method-assign]
    await world.pass_time(dt.timedelta(minutes=10))
    assert world.ses.sent == [sent, queued.id]


async def test_where_no_mail_was_sent_of_late_nobody_asks(world: World, sent: str):
    world.passage.trace.clear()
    await world.tick()
    assert ("http", "receive") in world.passage.trace
    world.clock.advance(WATCHED)
    world.passage.trace.clear()
    await world.tick()
    assert ("http", "receive") not in world.passage.trace


async def test_a_letter_whose_task_was_lost_is_found(world: World):
    queued = await world.queued()
    world.tasks.waiting.clear()
    assert (await world.tick()).queued == 0, "its task may still come"
    await world.pass_time(dt.timedelta(minutes=5))
    assert world.ses.sent == [queued.id]


async def test_an_old_bounce_does_not_end_a_letter_that_is_sent_anew(world: World, sent: str):
    world.ses.tell("Bounce", sent, "ses-1", **BOUNCE)
    await world.tick()
    await world.outbox().again(sent, actor="staff.1")
    world.ses.tell("Bounce", sent, "ses-1", **BOUNCE)
    await world.tick()
    assert (await world.stands(sent)).value.state is State.QUEUED
    assert await world.deliver() == ["sent"]
    await world.tick()
    assert (await world.stands(sent)).value.state is State.SENT
    world.ses.tell("Bounce", sent, "ses-2", **BOUNCE)
    await world.tick()
    assert (await world.stands(sent)).value.state is State.BOUNCED


async def test_content_is_erased_when_its_time_is_over_and_what_is_left_is_that_there_was_a_letter(
    world: World, sent: str
):
    world.clock.advance(dt.timedelta(days=365) - dt.timedelta(seconds=1))
    assert (await world.tick()).forgotten == 0
    assert (await world.stands(sent)).value.sealed
    world.clock.advance(dt.timedelta(seconds=1))
    assert (await world.tick()).forgotten == 1
    one = (await world.stands(sent)).value
    assert (one.sealed, one.forget_at, one.state) == (None, None, State.SENT)
    assert (await world.tick()).forgotten == 0
    world.ses.tell("Bounce", sent, "ses-1", **BOUNCE)
    with pytest.raises(Refused, match="mail_forgotten"):
        await bounced_and_again(world, sent)


async def bounced_and_again(world: World, name: str) -> None:
    await world.queued()
    await world.deliver()
    await world.tick()
    await world.outbox().again(name, actor="staff.1")


async def test_a_letter_that_was_never_sent_is_not_forgotten_in_silence(
    world: World, capsys: pytest.CaptureFixture[str]
):
    queued = await world.queued(LETTER, keep=dt.timedelta(seconds=0))
    world.tasks.waiting.clear()
    await world.tick()
    one = (await world.stands(queued.id)).value
    assert (one.state, one.reason, one.sealed) == (State.FAILED, "mail_forgotten", None)
    assert '"ERROR", "event": "mail.given_up"' in capsys.readouterr().err


def told(**more: object) -> str:
    return json.dumps({"eventType": "Bounce", "mail": {"messageId": "p", "tags": {"message": ["m1"]}}, **more})


def test_an_event_is_read_with_and_without_the_envelope():
    bounce = Event(Happened.BOUNCE, "m1", "p", "bounce.Permanent.General")
    plain = told(**BOUNCE)
    assert read(plain) == bounce
    assert read(json.dumps({"Type": "Notification", "Message": plain, "TopicArn": "x"})) == bounce


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"eventType": 1}', '{"eventType": "Bounce"}', "\ud800", "[" * 99999]
)
def test_what_is_no_event_is_none(text: str):
    assert read(text) is None


def test_a_reason_is_made_of_codes_alone():
    foul = {"bounce": {"bounceType": "canary of hana@example.com", "bounceSubType": "General"}}
    assert read(told(**foul)) == Event(Happened.BOUNCE, "m1", "p", "bounce")
