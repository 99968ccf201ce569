"""Whole stories in which much goes wrong for long: what Google holds at the end is what is stored (I1)."""

from datetime import timedelta

from infra.local.google import Fault
from infra.local.google import catalogue as c
from shared.consent.model import Decision
from shared.sync.dispatch import WINDOW_S
from shared.vocabulary import Kind
from tests.faults import story
from tests.faults.passage import Strike
from tests.faults.stage import HANAKO, START, Stage
from tests.faults.story import DAY
from tests.faults.workers import TICK_S


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


async def test_a_worker_that_dies_holding_the_lease_costs_a_quarter_of_an_hour(stage: Stage) -> None:
    await story.due(stage)
    stage.strike(None)
    scene = stage.keep()
    await stage.deliver()
    spent = stage.passage.trace.index(("http", "POST /token")) + 1
    await stage.set_up(scene)
    stage.strike(Strike(spent, "dies"))
    began = stage.clock.now()
    await stage.deliver()
    stage.strike(None)
    await stage.pass_time(timedelta(seconds=WINDOW_S + 2 * TICK_S))
    assert (stage.connection().last_success_at or START) >= began
    await stage.rest()


async def test_a_grant_whose_worker_died_over_it_ends_with_the_link_that_is_made_instead(stage: Stage) -> None:
    story.history(stage.world)
    stage.strike(None)
    scene = stage.keep()
    await stage.park(story.KINDS)
    exchanged = stage.passage.trace.index(("http", "POST /token")) + 1
    await stage.set_up(scene)
    stage.strike(Strike(exchanged, "dies"))
    await stage.link(story.KINDS)
    assert len(stage.world.oauth.refresh_tokens) == 2, "nobody holds the first"
    await story.disconnect(stage)
    await stage.rest()
    assert not stage.watch.tokens_alive(stage.connection())
