"""Withdrawn while a sync is running, at every single I/O of the visit: what was withdrawn is not stored any more, what
was not goes on, what was given again arrives (I3, and I1 once it is quiet)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shared.connection.model import LinkState
from shared.consent.gate import permits
from shared.consent.model import DECEASED, QOLMS, Decision
from shared.consent.service import How
from shared.errors import Fault
from shared.sync.model import Outcome
from shared.vocabulary import Kind, Purpose
from tests.fakes import decisions
from tests.faults import story
from tests.faults.schedules import EVERY, passing
from tests.faults.stage import FIT, HANAKO, Hands, Stage
from tests.faults.story import KINDS
from tests.faults.test_interleavings import asked_and_refused

SOME = (Kind.WEIGHT, Kind.BLOOD_PRESSURE)


@dataclass(frozen=True)
class Visit:
    """From where a visit begins, and which kinds the link has."""

    begin: Callable[[Stage], Awaitable[None]]
    kinds: Sequence[Kind] = KINDS


@dataclass(frozen=True)
class Ending:
    """What the person does, complete, between two I/Os of the visit; what they may not have stored after it, and what
    becomes of the link."""

    act: Callable[[Hands, Visit], Awaitable[Any]]
    ended: Callable[[Visit], Sequence[Kind]]
    link: LinkState = LinkState.ACTIVE


async def decide(worker: Hands, decision: Decision, kinds: Sequence[Kind]) -> None:
    await worker.consenting.decide(HANAKO.uid, decisions(decision, *kinds), How(), if_epoch=None)


async def withdraw_some(worker: Hands, visit: Visit) -> None:
    await decide(worker, Decision.WITHDRAW, SOME)


async def withdraw_all(worker: Hands, visit: Visit) -> None:
    await worker.consenting.withdraw_all(HANAKO.uid, How())


async def die(worker: Hands, visit: Visit) -> None:
    await worker.registering.deceased(HANAKO.uid, "koseki-9")


async def withdraw_and_give_again(worker: Hands, visit: Visit) -> None:
    await decide(worker, Decision.WITHDRAW, SOME)
    await decide(worker, Decision.GIVE, SOME)


async def withdraw_one_after_another(worker: Hands, visit: Visit) -> None:
    for kind in visit.kinds:
        await decide(worker, Decision.WITHDRAW, [kind])


VISITS: dict[str, Visit] = {
    "first": Visit(story.linked),
    "several_commits": Visit(story.linked_with_long_history, tuple(Kind)),
    "token_refreshed": Visit(story.due_with_rotation),
    "token_refreshed_strictly": Visit(story.due_with_strict_rotation),
    "token_refused_on_the_way": Visit(asked_and_refused),
}
ENDINGS: dict[str, Ending] = {
    "some": Ending(withdraw_some, lambda visit: SOME),
    "all": Ending(withdraw_all, lambda visit: visit.kinds, LinkState.REVOKED),
    "one_after_another": Ending(withdraw_one_after_another, lambda visit: visit.kinds, LinkState.REVOKED),
    "death": Ending(die, lambda visit: visit.kinds, LinkState.REVOKED),
    "given_again": Ending(withdraw_and_give_again, lambda visit: ()),
}


async def visit_of(worker: Hands) -> Outcome:
    return await worker.syncing.sync(HANAKO.uid, FIT)


def stored_by(commits: Sequence[Sequence[str]]) -> set[str]:
    """The kinds of which these commits wrote days."""
    return {path.split("/")[3].partition(".")[0] for paths in commits for path in paths if "/days/" in path}


async def race(stage: Stage, visit: Visit, ending: Ending, before: int) -> None:
    """The visit, with `ending` just before its I/O number `before`, and what comes of both."""
    results = await stage.together(visit_of, lambda worker: ending.act(worker, visit), [(0, before - 1), (1, None)])
    wrong = [one for one in results if isinstance(one, BaseException)]
    assert not [one for one in wrong if not isinstance(one, Fault)], wrong
    assert not isinstance(results[1], BaseException), results[1]
    commits = stage.watch.history
    ends = [n for n, paths in enumerate(commits) if any(path.endswith("/consent/state") for path in paths)]
    assert ends, "nothing was withdrawn"
    ended = set(ending.ended(visit))
    assert not stored_by(commits[ends[-1] + 1 :]) & ended, "I3: stored after it was withdrawn"
    check_gate(stage, ended)
    await stage.rest()
    assert stage.connection().state is ending.link
    assert not stored_by(stage.watch.history[ends[-1] + 1 :]) & ended, "I3: stored later on"
    check_gate(stage, ended)
    await stage.check_store()


def check_gate(stage: Stage, ended: set[Kind]) -> None:
    """The ledger's state and the connection's copy say the same: what ended is denied, the rest allowed."""
    consents, connection, at = stage.watch.consents(HANAKO.uid), stage.connection(), stage.clock.now()
    dead = consents.frozen == DECEASED
    for kind in connection.kinds:
        allowed = permits(consents, Purpose.QOLMS_STORE, kind, QOLMS, at).allowed
        assert allowed == permits(connection.consents, Purpose.QOLMS_STORE, kind, QOLMS, at).allowed
        given = f"{Purpose.QOLMS_STORE}|{kind}|{QOLMS}" in consents.cells
        assert allowed == (given and not dead and kind not in ended), kind


async def race_everywhere(stage: Stage, visit: Visit, ending: Ending) -> int:
    """The race before every I/O of the visit at which it is another; how many I/Os the visit has."""
    await visit.begin(stage)
    scene = stage.keep()
    stage.strike(None)
    await stage.ask(visit_of)
    trace = list(stage.passage.trace)
    problems, times, number = [], 0, 1
    while number <= len(trace):
        await stage.set_up(scene)
        try:
            await race(stage, visit, ending, number)
        except Exception as problem:
            problems.append(f"before {number} {trace[number - 1]}: {problem!r:.1000}")
        times += 1
        number += 1 if EVERY else 1 + passing(number - 1, *stage.both)
    assert not problems, f"{len(problems)} of {times}\n" + "\n".join(problems[:10])
    return len(trace)


@pytest.mark.parametrize("ends", ENDINGS)
@pytest.mark.parametrize("visit", VISITS)
async def test_what_is_withdrawn_at_any_moment_of_a_visit_is_stored_no_more(
    stage: Stage, visit: str, ends: str
) -> None:
    assert await race_everywhere(stage, VISITS[visit], ENDINGS[ends]) > 10


@pytest.mark.parametrize("ends", ["some", "death", "given_again"])
@pytest.mark.parametrize("visit", ["several_commits", "token_refreshed_strictly"])
async def test_nor_on_firestore(firestore_stage: Stage, visit: str, ends: str) -> None:
    assert await race_everywhere(firestore_stage, VISITS[visit], ENDINGS[ends]) > 10


async def test_the_long_visit_makes_several_commits(stage: Stage) -> None:
    visit = VISITS["several_commits"]
    await visit.begin(stage)
    await stage.ask(visit_of)
    assert sum(bool(stored_by([paths])) for paths in stage.watch.history) > 1
