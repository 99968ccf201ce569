"""Grants that nobody uses: whatever happens on the way, each ends up in use or revoked at Google."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from shared.cloud.documents import Put, Write
from shared.cloud.sqlite import SqliteDocuments
from shared.connection.model import LinkState
from shared.connection.ports import Grant
from shared.connection.writes import grant_name, put
from shared.errors import Conflict, Fault, Refused, Unavailable
from shared.sync.visit import Fence, Visit
from shared.vocabulary import Kind, Language
from tests.faults.hostile import FIT, Rig

LATER = timedelta(seconds=5)
"""As soon after a revocation as somebody may link again without being asked to once more."""


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


async def linked_and_dead(rig: Rig) -> None:
    """Hana's link, whose grant Google says is dead."""
    await rig.link("hana", "google")
    found = await rig.links.connection("hana", FIT)
    assert found is not None
    dead = msgspec.structs.replace(found.value, state=LinkState.NEEDS_REAUTH, tokens=None)
    await rig.store.commit([put(found.path, dead, found.version)])


async def test_an_attempt_given_up_is_revoked_though_its_account_belongs_to_a_link_that_is_dead(rig: Rig) -> None:
    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))

    assert await rig.connections.revoke_due(grant_name(given_up)) == "revoked"
    assert rig.authority.revoked == ["refresh-google"]
    assert await rig.owner("google") == "hana"
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("taro", "google")
    rig.clock.advance(LATER)
    assert (await rig.link("hana", "google")).state is LinkState.ACTIVE


async def test_a_dead_link_made_anew_at_the_last_moment_is_not_revoked_with_an_attempt_given_up(rig: Rig) -> None:
    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))
    commit = rig.store.commit

    async def made_anew(writes: Sequence[Write]) -> list[str]:
        rig.store.commit = commit  # type: ignore[method-assign]
        assert any(isinstance(w, Put) and w.data.get("revoking_until") for w in writes)
        await rig.link("hana", "google")
        return await commit(writes)

    rig.store.commit = made_anew  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        await rig.connections.revoke_due(grant_name(given_up))
    assert await rig.connections.revoke_due(grant_name(given_up)) == "superseded"
    assert rig.authority.revoked == []


async def test_a_worker_that_dies_over_revoking_leaves_the_account_whose_it_was(rig: Rig) -> None:
    class Killed(BaseException):
        pass

    async def dies(token: str) -> None:
        raise Killed

    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))
    revoke, rig.authority.revoke = rig.authority.revoke, dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await rig.connections.revoke_due(grant_name(given_up))
    rig.authority.revoke = revoke  # type: ignore[method-assign]
    rig.clock.advance(timedelta(minutes=3))
    assert await rig.owner("google") == "hana"
    assert await rig.connections.revoke_due(grant_name(given_up)) == "revoked"
    assert await rig.owner("google") == "hana"


async def due(rig: Rig) -> list[str]:
    """What comes of every grant that is to be revoked by now, as the tick finds them."""
    names = await rig.links.loose_grants_due(rig.clock.now(), limit=100)
    return [await rig.connections.revoke_due(name) for name in names]


async def test_a_devices_grant_that_could_not_be_linked_is_revoked(rig: Rig) -> None:
    class Away:
        async def ensure(self, uid: str) -> object:
            raise Unavailable("store_unavailable")

    linking, rig.linking = rig.linking, replace(rig.linking, keys=Away())
    with pytest.raises(Unavailable):
        await rig.link("hana", "google")
    rig.linking = linking
    rig.clock.advance(timedelta(minutes=12))
    assert await due(rig) == ["revoked"]
    assert rig.authority.revoked == ["refresh-google"]
    rig.clock.advance(LATER)
    assert (await rig.link("hana", "google")).state is LinkState.ACTIVE
    rig.clock.advance(timedelta(minutes=12))
    assert await due(rig) == []


@pytest.mark.parametrize("way", ["browser", "device"])
async def test_a_grant_given_while_another_of_its_account_is_being_revoked_is_revoked_as_well(
    rig: Rig, way: str
) -> None:
    await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    told: list[str] = []

    async def meanwhile(token: str) -> None:
        rig.authority.revoked.append(token)
        if not told:
            told.append(await came_back(rig, way))

    rig.authority.revoke = meanwhile  # type: ignore[method-assign]
    assert await due(rig) == ["revoked"]
    assert told == ["precondition_failed"]
    assert await due(rig) == ["revoked"]
    assert rig.authority.revoked == ["refresh-google"] * 2
    rig.clock.advance(LATER)
    assert await came_back(rig, way) == "success"


async def came_back(rig: Rig, way: str) -> str:
    """What somebody is told who has just consented at Google."""
    if way == "browser":
        started = await rig.linking.start("hana", FIT, list(Kind), Language.JA)
        state = parse_qs(urlsplit(started.authorization_url).query)["state"][0]
        return (await rig.linking.returned(state=state, code="google", error="", scope="")).result
    try:
        await rig.link("hana", "google")
    except Fault as fault:
        return fault.code
    return "success"


@pytest.mark.parametrize("way", ["browser", "device"])
async def test_a_grant_without_any_kind_is_revoked_unless_the_account_is_in_use(rig: Rig, way: str) -> None:
    exchange, nothing = rig.authority.exchange, frozenset[Kind]()

    async def unticked(code: str, **more: object) -> Grant:
        return replace(await exchange(code, **more), kinds=nothing)

    rig.authority.exchange = unticked  # type: ignore[method-assign]
    assert await came_back(rig, way) == "no_kind_granted"
    assert await due(rig) == ["revoked"]
    rig.authority.exchange = exchange  # type: ignore[method-assign]
    rig.clock.advance(LATER)
    await rig.link("hana", "google")
    rig.authority.exchange = unticked  # type: ignore[method-assign]
    assert await came_back(rig, way) == "no_kind_granted"
    assert await due(rig) == ["superseded"]
    assert rig.authority.revoked == ["refresh-google"]


async def test_a_grant_of_an_account_that_is_another_users_is_revoked_where_their_link_is_dead(rig: Rig) -> None:
    await rig.link("hana", "google")
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("taro", "google")
    assert await due(rig) == ["superseded"]
    await linked_and_dead(rig)
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("taro", "google")
    assert await due(rig) == ["revoked"]
    assert await rig.owner("google") == "hana"


async def test_a_grant_from_before_a_revocation_of_its_account_does_not_become_a_link(rig: Rig) -> None:
    """It was exchanged, and lay in a worker's memory, while everything there was of the account was revoked."""
    await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    exchange = rig.authority.exchange

    async def meanwhile(code: str, **more: object) -> Grant:
        granted = await exchange(code, **more)
        rig.clock.advance(timedelta(seconds=1))
        assert await due(rig) == ["revoked"]
        rig.clock.advance(timedelta(seconds=1))
        return granted

    rig.authority.exchange = meanwhile  # type: ignore[method-assign]
    assert await came_back(rig, "browser") == "precondition_failed"
    rig.authority.exchange = exchange  # type: ignore[method-assign]
    rig.clock.advance(LATER)
    assert await came_back(rig, "browser") == "success"


async def test_a_revocation_that_google_may_have_heard_counts_as_one(rig: Rig) -> None:
    """Its answer got lost; and it was looked for a moment before the new grant was parked."""
    await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    [name] = await rig.links.loose_grants_due(rig.clock.now(), limit=9)
    codes: list[str] = []

    async def heard(token: str) -> None:
        raise Unavailable("upstream_unavailable")

    commit = rig.store.commit

    async def parked_first(writes: Sequence[Write]) -> list[str]:
        if not codes and any(isinstance(w, Put) and w.data.get("revoking_until") for w in writes):
            codes.append(await rig.park("hana", "google"))
        return await commit(writes)

    rig.store.commit = parked_first  # type: ignore[method-assign]
    revoke, rig.authority.revoke = rig.authority.revoke, heard  # type: ignore[method-assign]
    assert await rig.connections.revoke_due(name) == "put_off"
    rig.authority.revoke = revoke  # type: ignore[method-assign]
    rig.clock.advance(LATER)
    with pytest.raises(Refused, match="link_invalid"):
        await rig.linking.confirm("hana", codes[0])
    # What waits to be confirmed, and never can be, keeps nothing from being revoked.
    rig.clock.advance(timedelta(minutes=5))
    assert await rig.connections.revoke_due(name) == "revoked"
    rig.clock.advance(LATER)
    assert (await rig.link("hana", "google")).state is LinkState.ACTIVE


async def test_a_link_that_ends_leaves_a_revocation_under_way_visible(rig: Rig) -> None:
    """Hana's link is dead, an attempt she gave up is being revoked, and she ends the link and makes it anew."""
    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))
    told: list[str] = []

    async def meanwhile(token: str) -> None:
        await rig.connections.disconnect("hana", FIT)
        told.append(await came_back(rig, "browser"))

    rig.authority.revoke = meanwhile  # type: ignore[method-assign]
    assert await rig.connections.revoke_due(grant_name(given_up)) == "revoked"
    assert told == ["precondition_failed"]
    assert await rig.owner("google") is None


async def test_a_claim_whose_link_has_ended_is_nobodys_and_not_its_successors_to_lose(rig: Rig) -> None:
    await linked_and_dead(rig)
    await rig.connections.disconnect("hana", FIT)
    assert await rig.owner("google") is None
    await rig.link("taro", "google")
    await rig.link("hana", "another")
    assert await rig.owner("google") == "taro"
    assert await rig.owner("another") == "hana"


async def test_an_account_whose_link_was_dead_for_a_week_may_be_linked_by_another_user(rig: Rig) -> None:
    """Hana's user was deleted, which nobody told; the person signed up anew, as taro."""
    await rig.link("hana", "google")
    found = await rig.links.connection("hana", FIT)
    assert found is not None
    await Fence(rig.store, rig.links, rig.clock, rig.ids).needs_reauth(Visit(found, "x", []))
    rig.clock.advance(timedelta(days=6, hours=23))
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("taro", "google")
    rig.clock.advance(timedelta(hours=1))
    await rig.link("taro", "google")
    assert await rig.owner("google") == "taro"
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    assert await due(rig) == ["superseded"] * 2
    assert await rig.owner("google") == "taro"


async def test_a_devices_code_that_is_sent_again_goes_on_from_where_the_first_time_ended(rig: Rig) -> None:
    exchanged: list[str] = []
    exchange = rig.authority.exchange

    async def once(code: str, **more: object) -> Grant:
        exchanged.append(code)
        return await exchange(code, **more)

    class Away:
        async def ensure(self, uid: str) -> object:
            raise Unavailable("store_unavailable")

    rig.authority.exchange = once  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await replace(rig.linking, keys=Away()).link_with_device_code("hana", FIT, list(Kind), "google")
    with pytest.raises(Refused, match="link_invalid"):
        await rig.linking.link_with_device_code("taro", FIT, list(Kind), "google")
    first = await rig.linking.link_with_device_code("hana", FIT, list(Kind), "google")
    again = await rig.linking.link_with_device_code("hana", FIT, list(Kind), "google")
    assert (first.linked, again.linked) == (1, 1)
    assert exchanged == ["google"]


def reported(said: str) -> list[tuple[str, str, int]]:
    """Which revocations were put off or given up: the event, why, and the how manieth time."""
    lines = [json.loads(line) for line in said.splitlines() if '"revocation.' in line]
    return [(line["event"].removeprefix("revocation."), line["code"], line["count"]) for line in lines]


async def sealed_under_a_lost_key(rig: Rig, name: str) -> str:
    found = await rig.links.loose_grant(name)
    assert found is not None
    tokens = msgspec.structs.replace(found.value.tokens, refresh=bytes(60))
    await rig.store.commit([put(found.path, msgspec.structs.replace(found.value, tokens=tokens), found.version)])
    return "seal_broken"


async def malformed(rig: Rig, name: str) -> str:
    found = await rig.store.get(f"loose_grants/{name}")
    assert found is not None
    await rig.store.commit([Put(found.path, {**found.data, "tokens": "?", "kinds": 7})])
    return "unreadable"


async def unheard(rig: Rig, name: str) -> str:
    async def revoke(token: str) -> None:
        raise Unavailable("upstream_rate_limited", retry_after_s=1)

    rig.authority.revoke = revoke  # type: ignore[method-assign]
    return "upstream_rate_limited"


@pytest.mark.parametrize("spoil", [sealed_under_a_lost_key, malformed, unheard])
async def test_a_grant_that_cannot_be_revoked_is_tried_ever_later_and_then_told_to_a_person(
    rig: Rig, spoil: Callable[[Rig, str], Awaitable[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    name = grant_name(await rig.park("hana", "google"))
    rig.clock.advance(timedelta(minutes=12))
    why, began = await spoil(rig, name), rig.clock.now()
    capsys.readouterr()
    tries: list[datetime] = []
    while rig.clock.now() < began + timedelta(days=20):
        tries += [rig.clock.now() for outcome in await due(rig) if outcome == "put_off"]
        rig.clock.advance(timedelta(minutes=5))
    waits = [b - a for a, b in pairwise(tries)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=5)
    assert timedelta(minutes=30) < waits[10] <= timedelta(hours=1, minutes=5)
    told = reported(capsys.readouterr().err)
    assert {(code, count) for _, code, count in told} == {(why, n + 1) for n in range(len(tries))}
    given_up = [at for at, (event, _, _) in zip(tries, told, strict=True) if event == "given_up"]
    assert timedelta(days=3) <= given_up[0] - tries[0] < timedelta(days=3, hours=2)
    assert [b - a for a, b in pairwise(given_up)] == [timedelta(days=7)] * 2


async def test_grants_that_cannot_be_revoked_starve_no_other(rig: Rig) -> None:
    for number in range(6):
        name = grant_name(await rig.park("hana", f"account{number}"))
        if number < 5:
            await (malformed if number % 2 else sealed_under_a_lost_key)(rig, name)
    rig.clock.advance(timedelta(minutes=12))
    for _ in range(6):
        [name] = await rig.links.loose_grants_due(rig.clock.now(), limit=1)
        await rig.connections.revoke_due(name)
    assert rig.authority.revoked == ["refresh-account5"]


async def test_a_malformed_grant_of_the_same_account_is_not_in_the_way(rig: Rig) -> None:
    await malformed(rig, grant_name(await rig.park("hana", "google")))
    await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    assert await due(rig) == ["revoked"]


async def test_what_could_not_be_revoked_in_time_is_not_confirmed_afterwards(rig: Rig) -> None:
    code = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))
    await unheard(rig, grant_name(code))
    for _ in range(9):
        rig.clock.advance(timedelta(days=1))
        await due(rig)
    with pytest.raises(Refused, match="link_invalid"):
        await rig.linking.confirm("hana", code)
