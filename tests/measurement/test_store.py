import datetime as dt

import pytest

from shared.cloud.documents import Expect
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from shared.consent.gate import admit_self
from shared.consent.model import Consents
from shared.errors import Refused
from shared.measurement.model import Day, Points
from shared.measurement.store import MeasurementStore
from shared.vocabulary import Kind
from tests.fakes import MemorySecrets, permit_to_store

ON = dt.date(2026, 11, 23)
START_NS = int(dt.datetime(2026, 11, 23, tzinfo=dt.UTC).timestamp()) * 10**9

STORING = permit_to_store("hana", Kind.WEIGHT)


def day(*seconds, on=ON, kg=60.0):
    at_ns = [START_NS + (on - ON).days * 86_400 * 10**9 + second * 10**9 for second in seconds]
    n = len(at_ns)
    return Day(on, Points(Kind.WEIGHT, at_ns, at_ns, [1] * n, ["raw:x"] * n, [[kg] * n], [""] * n), [])


@pytest.fixture
async def store(documents, clock):
    keys = DataKeys(documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
    await keys.ensure("hana")
    return MeasurementStore(documents, keys)


async def put(store, documents, account, one):
    await documents.commit([store.write(STORING, account, await store.key("hana"), one, Expect.ABSENT)])


async def read(store, first=ON, last=ON, kind=Kind.WEIGHT):
    return [found async for found in store.read_days(admit_self("hana", Consents(), kind), first, last)]


async def test_days_come_back_in_order_and_only_those_asked_for(store, documents):
    days = [day(5, on=ON + dt.timedelta(days=n)) for n in range(-40, 41)]
    for one in reversed(days):
        await put(store, documents, "a", one)
    assert await read(store, ON - dt.timedelta(days=40), ON + dt.timedelta(days=40)) == days
    assert await read(store, ON - dt.timedelta(days=1), ON + dt.timedelta(days=1)) == days[39:42]
    assert await read(store, kind=Kind.STEPS) == []


async def test_what_two_accounts_brought_is_one_day_and_what_both_brought_is_one_point(store, documents):
    await put(store, documents, "a", day(5, 10))
    await put(store, documents, "b", day(10, 20))
    assert await read(store) == [day(5, 10, 20)]


async def test_one_accounts_day_is_not_the_others(store, documents):
    await put(store, documents, "a", day(5))
    key = await store.key("hana")
    [found] = await store.stored("b", key, [(STORING, ON)])
    assert (found.day, found.expect) == (None, Expect.ABSENT)
    await documents.commit([store.write(STORING, "b", key, Day.empty(Kind.WEIGHT, ON), Expect.ABSENT)])
    assert await read(store) == [day(5)]


async def test_a_day_moved_to_another_person_kind_day_or_account_does_not_open(store, documents, clock):
    from shared.cloud.documents import Put

    await put(store, documents, "a", day(5))
    found = await documents.get(f"users/hana/days/weight.{ON}.a")
    key = await store.key("hana")
    for name, account, kind, on in (
        (f"weight.{ON}.b", "b", Kind.WEIGHT, ON),
        (f"weight.{ON + dt.timedelta(days=1)}.a", "a", Kind.WEIGHT, ON + dt.timedelta(days=1)),
        (f"body_temperature.{ON}.a", "a", Kind.BODY_TEMPERATURE, ON),
    ):
        await documents.commit([Put(f"users/hana/days/{name}", found.data)])
        [moved] = await store.stored(account, key, [(permit_to_store("hana", kind), on)])
        assert isinstance(moved.fault, Refused)
        assert moved.fault.code == "seal_broken"


async def test_nothing_stored_needs_no_key(documents, clock):
    keys = DataKeys(documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
    assert await read(MeasurementStore(documents, keys)) == []


@pytest.mark.parametrize("permit", [admit_self("hana", Consents(), Kind.WEIGHT), permit_to_store("hana", Kind.STEPS)])
async def test_nothing_is_stored_by_a_permit_to_see_or_of_another_kind(store, permit):
    with pytest.raises(Refused, match="consent_missing"):
        store.write(permit, "a", await store.key("hana"), day(5), Expect.ABSENT)


async def test_a_permit_to_see_is_none_to_read_for_merging(store):
    with pytest.raises(Refused, match="consent_missing"):
        await store.stored("a", await store.key("hana"), [(admit_self("hana", Consents(), Kind.WEIGHT), ON)])


async def test_a_permit_opens_no_other_persons_days(store, documents):
    await put(store, documents, "a", day(5))
    mios = admit_self("mio", Consents(), Kind.WEIGHT)
    assert [found async for found in store.read_days(mios, ON, ON)] == []
    [found] = await store.stored("a", await store.key("hana"), [(permit_to_store("mio", Kind.WEIGHT), ON)])
    assert found.day is None
