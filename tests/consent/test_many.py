"""Whatever somebody has decided, and how often: where they stand is one read, and to end it all one commit."""

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from shared.clock import ManualClock
from shared.cloud.documents import Document, Documents, Put, Query
from shared.cloud.signing import Signer, keys_of
from shared.consent.acts import Acts
from shared.consent.asking import MOST_CELLS
from shared.consent.ledger import Entry, Event, Tail, first_break, rebuild, record
from shared.consent.model import QOLMS, Cell, Consents, State
from shared.consent.ports import Build
from shared.consent.receipts import KEY, Receipts
from shared.consent.service import How
from shared.consent.verify import check
from shared.errors import Conflict
from shared.vocabulary import Kind, Language, Purpose
from tests.consent.office import CLINIC, Office
from tests.consent.receipts import SEED
from tests.fakes import MemorySecrets

EVENTS = 10_000


def ledger_of(events: int, clock: ManualClock, office: Office) -> tuple[Consents, Tail, list[Event]]:
    """Somebody who changed their mind about everything again and again."""
    said = How().said(office.notices.in_force(clock.now()), clock)
    cells = [Cell(Purpose.QOLMS_STORE, kind, QOLMS) for kind in Kind]
    consents, tail = Consents(), Tail()
    ledger: list[Event] = []
    while len(ledger) < events:
        state = State.GIVEN if consents.epoch % 2 == 0 else State.WITHDRAWN
        consents, made = record(consents, tail, [Entry(cell, state) for cell in cells], said)
        ledger += made
        tail = Tail(made[-1].number, made[-1].hash)
    return consents, tail, ledger


class Counted:
    """A store that counts what it is asked for, and how many documents it hands out."""

    def __init__(self, real: Documents) -> None:
        self._real = real
        self.asked: list[str] = []
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def get(self, path: str) -> Document | None:
        self.asked.append(path)
        self.read += 1
        return await self._real.get(path)

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        self.asked += paths
        self.read += len(paths)
        return await self._real.get_many(paths)

    async def query(self, query: Query) -> list[Document]:
        found = await self._real.query(query)
        self.asked.append(query.collection)
        self.read += max(1, len(found))
        return found


async def test_somebody_with_ten_thousand_events_opens_in_one_read_and_is_read_on_in_pages(sqlite_documents, clock):
    store: Any = Counted(sqlite_documents)
    office = Office(store, clock)
    consents, tail, events = ledger_of(EVENTS, clock, office)
    builtins = [msgspec.to_builtins(one, builtin_types=(bytes, type(clock.now()))) for one in events]
    for n in range(0, len(builtins), 500):
        puts = [Put(f"users/hana/consent_events/{one['number']:010d}", one) for one in builtins[n : n + 500]]
        await sqlite_documents.commit(puts)
    state = {"consents": consents, "tail": tail}
    stored = msgspec.to_builtins(state, builtin_types=(bytes, type(clock.now())))
    await sqlite_documents.commit([Put("users/hana/consent/state", stored)])

    signer = Signer(MemorySecrets({KEY: [SEED]}), KEY)
    receipts = Receipts(ledger=office.ledger, recipients=office.recipients, notices=office.notices, signer=signer)
    acts = Acts(office.consenting, receipts, office.rights)
    stands = (await acts._stands("hana", (await office.consenting.standing("hana")).consents)).epoch
    assert (stands, store.asked) == (EVENTS // len(Kind), ["users/hana/consent/state"])

    store.asked.clear()
    store.read = 0
    page = await office.consenting.history("hana", after=5_000, limit=51)
    assert [one.number for one in page] == [*range(5_001, 5_052)]
    assert (store.asked, store.read) == (["users/hana/consent_events"], 51)

    store.read = 0
    await office.decide("hana", "give", kinds=[Kind.SLEEP])
    assert store.read < 10, "neither does deciding read the ledger"


def test_twice_the_ledger_takes_twice_the_time(clock, sqlite_documents):
    """Of rebuilding and of checking, the whole and the half in turn, in time of our own: a quadratic way takes four."""
    _, tail, ledger = ledger_of(EVENTS, clock, Office(sqlite_documents, clock))

    def takes(act: Callable[[Sequence[Event]], object], events: Sequence[Event]) -> float:
        began = time.thread_time()
        act(events)
        return time.thread_time() - began

    half = ledger[: EVENTS // 2]
    gc.disable()
    try:
        for act, times in ((rebuild, 40), (first_break, 7)):
            took = [(takes(act, ledger), takes(act, half)) for _ in range(times)]
            ratio = min(whole for whole, _ in took) / min(part for _, part in took)
            assert ratio < 3, act
    finally:
        gc.enable()
    assert first_break(ledger, tail) is None


async def many(office: Office, number: int) -> None:
    """Give to `number` cells, all of relatives that have come and gone, and one clinic."""
    cells = [Cell(Purpose.FAMILY_WATCH, kind, f"relative:r{n}") for n in range(number // len(Kind)) for kind in Kind]
    said = How().said(office.notices.in_force(office.clock.now()), office.clock)
    for n in range(0, len(cells), 400):
        await office.recorder.record("hana", just([Entry(cell, State.GIVEN) for cell in cells[n : n + 400]]), said)


def just(entries: list[Entry]) -> Build:
    return lambda _: entries


async def test_whoever_has_given_to_very_many_gives_to_no_other_but_ends_it_all_at_once(documents, clock):
    office = Office(documents, clock)
    clinic = "institution:" + await office.institutions.register(CLINIC, "東京都港区", "03-0000-0000", "contract-1")
    await office.guide("hana", "give", clinic, [Kind.SLEEP])
    await many(office, MOST_CELLS)
    assert len((await office.consents("hana")).cells) > MOST_CELLS
    with pytest.raises(Conflict, match="too_many_cells"):
        await office.guide("hana", "give", clinic, [Kind.WEIGHT])
    with pytest.raises(Conflict, match="too_many_cells"):
        await office.invite("hana")
    await office.decide("hana", "give", kinds=[*Kind])  # what is the service's own is bounded by itself
    await office.guide("hana", "withdraw", clinic, [Kind.SLEEP])
    await office.guide("hana", "give", clinic, [Kind.SLEEP])
    ended = await office.consenting.withdraw_all("hana", How(language=Language.EN))
    assert len(ended.events) > MOST_CELLS
    assert not await office.allowed("hana", Kind.SLEEP, clinic, Purpose.HEALTH_GUIDANCE)

    signer = Signer(MemorySecrets({KEY: [SEED]}), KEY)
    receipts = Receipts(ledger=office.ledger, recipients=office.recipients, notices=office.notices, signer=signer)
    found = await receipts.find("hana", str(ended.consents.epoch))
    assert [item.event.number for item in found.receipt.items] == [event.number for event in ended.events]
    assert found.jws is not None
    keys = keys_of(msgspec.json.encode(await signer.published()))
    assert check(found.jws, keys, office.notices).reason == ""
