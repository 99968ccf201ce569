"""What asking the gate costs, and rebuilding where somebody stands from their ledger: both in this process alone."""

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from infra.bench.targets import Part, Target, say
from shared.consent.gate import permits
from shared.consent.ledger import Entry, Event, Said, Tail, first_break, rebuild, record
from shared.consent.model import QOLMS, Cell, Consents, Method, State
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Purpose

DECISIONS = 1_000_000
EVENTS = 10_000
AT = datetime(2026, 11, 23, tzinfo=UTC)
CLINICS = tuple(f"institution:{n:026d}" for n in range(4))
RELATIVES = tuple(f"relative:{n:026d}" for n in range(4))
TURNS = (State.GIVEN, State.RECONFIRMED, State.WITHDRAWN, State.REFUSED)


def cells() -> list[Cell]:
    """Everything that somebody with four hospitals and four relatives can decide about."""
    recipients = {
        Purpose.QOLMS_STORE: (QOLMS,),
        Purpose.HEALTH_GUIDANCE: CLINICS,
        Purpose.ONLINE_CONSULT: CLINICS,
        Purpose.FAMILY_WATCH: RELATIVES,
    }
    return [Cell(purpose, kind, one) for purpose, those in recipients.items() for one in those for kind in Kind]


def ledger_of(number: int) -> tuple[Consents, Tail, list[Event]]:
    """As many lines about these cells, a line a decision, an hour apart, with and without an end."""
    consents, tail = Consents(), Tail()
    events: list[Event] = []
    for n, cell in enumerate(islice(cycle(cells()), number)):
        said = Said(at=AT + timedelta(hours=n), method=Method.APP, notice=NoticeRef("2026-10-01", "0" * 64))
        until = said.at + timedelta(days=365) if n % 3 == 0 else None
        state = TURNS[(n // len(cells())) % len(TURNS)]
        consents, [event] = record(consents, tail, [Entry(cell, state, until)], said)
        events.append(event)
        tail = Tail(event.number, event.hash)
    return consents, tail, events


def standing() -> Consents:
    """Every cell decided about, half of them live, some of these over or about to be."""
    _, events = record(
        Consents(),
        Tail(),
        [
            Entry(cell, TURNS[n % len(TURNS)], AT + timedelta(days=n % 7 - 1) if n % 3 == 0 else None)
            for n, cell in enumerate(cells())
        ],
        Said(at=AT - timedelta(days=30), method=Method.APP, notice=NoticeRef("2026-10-01", "0" * 64)),
    )
    return rebuild(events)


def _asked() -> Iterator[Cell]:
    never = [Cell(Purpose.HEALTH_GUIDANCE, kind, "institution:unknown") for kind in Kind]
    return islice(cycle([*cells(), *never]), DECISIONS)


def _decide(consents: Consents) -> int:
    allowed = 0
    for purpose, kind, recipient in _asked():
        allowed += permits(consents, purpose, kind, recipient, AT).allowed
    return allowed


def _least_s(repetitions: int, *acts: Callable[[], object]) -> list[float]:
    """The least processor time of each, taken in turn."""
    gc.collect()
    took: list[list[float]] = [[] for _ in acts]
    for _ in range(repetitions):
        for times, act in zip(took, acts, strict=True):
            started = time.thread_time()
            act()
            times.append(time.thread_time() - started)
    return [min(times) for times in took]


async def run() -> Part:
    """A million decisions, and ten thousand lines: nothing waits, so processor time is the time it takes."""
    say("gate: a million decisions")
    consents = standing()
    allowed = _decide(consents)
    assert 0 < allowed < DECISIONS
    [deciding_s] = _least_s(3, lambda: _decide(consents))
    say("gate: ten thousand lines")
    stands, tail, events = ledger_of(EVENTS)
    half = events[: EVENTS // 2]
    assert rebuild(events) == stands
    assert first_break(events, tail) is None
    whole_s, half_s = _least_s(30, lambda: rebuild(events), lambda: rebuild(half))
    [checking_s] = _least_s(3, lambda: first_break(events, tail))
    targets = [
        Target("a million decisions", deciding_s, 2, "s"),
        Target("rebuilding of twice as many lines", whole_s / half_s, 2.5, "x"),
    ]
    numbers = {
        "decisions": DECISIONS,
        "allowed": allowed,
        "decision_us": round(deciding_s / DECISIONS * 1e6, 3),
        "events": EVENTS,
        "rebuild_ms": round(whole_s * 1000, 2),
        "rebuild_half_ms": round(half_s * 1000, 2),
        "check_chain_ms": round(checking_s * 1000, 1),
    }
    return Part(targets, numbers)
