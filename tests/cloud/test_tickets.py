"""Tickets open for who they were made for, for a while, and cannot be made up."""

import base64
from datetime import timedelta

import pytest

from shared.clock import ManualClock
from shared.cloud.seal import Key, seal
from shared.cloud.secrets import Secret
from shared.cloud.tickets import IN_ALL, LASTS, PAGE_KEY, Tickets
from shared.errors import NotPermitted


class Store:
    """Versions of the one secret; counts what is looked up by number."""

    def __init__(self) -> None:
        self.versions = [b"1" * 32]
        self.looked_up: list[str] = []

    async def get(self, name: str) -> Secret:
        assert name == PAGE_KEY
        return Secret(self.versions[-1], str(len(self.versions)))

    async def get_version(self, name: str, version: str) -> bytes:
        self.looked_up.append(version)
        return self.versions[int(version) - 1]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def tickets(store: Store, clock: ManualClock) -> Tickets:
    return Tickets(store, clock, use="a page")


async def refused(tickets: Tickets, text: str) -> bool:
    try:
        await tickets.renew(text)
    except NotPermitted as fault:
        return fault.code == "page_expired"
    return False


async def test_a_ticket_says_whose_it_is_and_tells_nobody_else(tickets: Tickets):
    ticket = await tickets.issue("hana")
    assert (await tickets.renew(ticket.text)).uid == "hana"
    assert b"hana" not in base64.urlsafe_b64decode(ticket.text + "==")
    assert ticket.text != (await tickets.issue("hana")).text


async def test_it_ends_when_it_lies_unused(tickets: Tickets, clock: ManualClock):
    ticket = await tickets.issue("hana")
    clock.advance(LASTS - timedelta(seconds=1))
    assert not await refused(tickets, ticket.text)
    clock.advance(timedelta(seconds=1))
    assert await refused(tickets, ticket.text)


async def test_using_it_renews_it_but_not_for_ever(tickets: Tickets, clock: ManualClock):
    ticket = await tickets.issue("hana")
    began = clock.now()
    while clock.now() < began + IN_ALL - timedelta(minutes=10):
        clock.advance(timedelta(minutes=10))
        ticket = await tickets.renew(ticket.text)
    assert ticket.ends_at == began + IN_ALL
    clock.advance(timedelta(minutes=10))
    assert await refused(tickets, ticket.text)


@pytest.mark.parametrize("place", range(0, 100, 7))
async def test_an_altered_ticket_is_none(tickets: Tickets, place: int):
    raw = bytearray(base64.urlsafe_b64decode((await tickets.issue("hana")).text + "=="))
    raw[place % len(raw)] ^= 1
    assert await refused(tickets, base64.urlsafe_b64encode(raw).decode().rstrip("="))


@pytest.mark.parametrize("text", ["", "A", "あ", "=" * 40, "A" * 80, "A" * 5000, "a b\n"])
async def test_what_never_was_a_ticket_is_none(tickets: Tickets, text: str):
    assert await refused(tickets, text)


async def test_a_ticket_for_another_use_is_none(store: Store, clock: ManualClock, tickets: Tickets):
    other = await Tickets(store, clock, use="another page").issue("hana")
    assert await refused(tickets, other.text)


async def test_a_rotation_leaves_open_pages_usable_on_every_instance(store: Store, clock: ManualClock):
    before, after = Tickets(store, clock, use="a page"), Tickets(store, clock, use="a page")
    old = await before.issue("hana")
    store.versions.append(b"2" * 32)
    assert (await after.renew(old.text)).uid == "hana"
    new = await after.issue("hana")
    store.versions.pop()  # this instance has not heard of the rotation yet
    behind = Store()
    behind.versions = [b"1" * 32, b"2" * 32]
    behind.get = store.get  # type: ignore[method-assign]
    assert (await Tickets(behind, clock, use="a page").renew(new.text)).uid == "hana"


async def test_nobody_can_have_versions_looked_up_that_no_page_has(store: Store, tickets: Tickets):
    made_up = seal(Key(7, b"x" * 32), b"[]", "a page")
    assert await refused(tickets, base64.urlsafe_b64encode(made_up).decode().rstrip("="))
    assert store.looked_up == []
