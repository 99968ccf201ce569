"""Whole stories in which much goes wrong for long: what Google holds at the end is what is stored (I1)."""

from datetime import timedelta

from infra.local.google import Fault
from infra.local.google import catalogue as c
from shared.consent.model import Decision
from shared.vocabulary import Kind
from tests.faults import story
from tests.faults.stage import HANAKO, START, Stage
from tests.faults.story import DAY


def delete_weight(stage: Stage, days_ago: int) -> None:
    account = stage.world.accounts[HANAKO.email]
    at_ns = int((START - days_ago * DAY).timestamp()) * 1_000_000_000
    account.delete(c.WEIGHT, [account.find(c.WEIGHT, start_ns=at_ns)])


async def test_what_google_lost_while_a_kind_was_withdrawn_is_gone_once_it_is_given_again(stage: Stage) -> None:
    await story.synced(stage)
    await stage.decide(Decision.WITHDRAW, Kind.WEIGHT)
    delete_weight(stage, days_ago=17)
    delete_weight(stage, days_ago=3)
    await stage.pass_time(DAY)
    await stage.decide(Decision.GIVE, Kind.WEIGHT)
    await stage.rest()
    assert len(stage.watch.stored(HANAKO.uid, Kind.WEIGHT)) == 1


async def test_what_google_lost_while_we_were_out_of_touch_for_long_is_gone_afterwards(stage: Stage) -> None:
    no_feed = stage.world.faults.add(Fault("status", endpoint="dataPointChanges", times=None, status=404))
    await story.synced(stage)
    out_of_order = stage.world.faults.add(Fault("status", endpoint="*", times=None, status=503))
    stage.world.faults.active.reverse()
    await stage.pass_time(timedelta(hours=6))
    delete_weight(stage, days_ago=3)
    stage.clock.set(START + 13 * DAY)
    stage.world.faults.clear(out_of_order)
    assert stage.world.faults.active == [no_feed]
    await stage.rest()
    assert len(stage.watch.stored(HANAKO.uid, Kind.WEIGHT)) == 2
