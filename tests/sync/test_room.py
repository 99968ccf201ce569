import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from infra.bench.people import connection
from shared.connection.model import KindLink, Tokens, begun_anew
from shared.errors import Unavailable
from shared.sync.model import REREAD_EVERY
from shared.sync.room import Room, reads_long
from shared.vocabulary import Kind

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
FOLLOWED = KindLink(streams=("s",), feeding=True, reread_at=NOW, reached_ns=10, floor_ns=10)
NEW = connection("u", Tokens(b"", NOW), at=NOW)


def with_steps(link):
    kinds = dict.fromkeys(Kind, FOLLOWED) | {Kind.STEPS: link}
    return msgspec.structs.replace(NEW, kinds=kinds, streams_checked_at=NOW)


QUIET = with_steps(FOLLOWED)


def test_whoever_only_follows_feeds_is_no_long_visit():
    assert not reads_long(QUIET, NOW)
    assert not reads_long(with_steps(KindLink()), NOW), "a kind the person has no data of"
    assert not reads_long(with_steps(KindLink(revisiting=True)), NOW), "nor had, whatever other account was linked"
    assert not reads_long(with_steps(KindLink(granted=False, streams=("s",))), NOW)


@pytest.mark.parametrize(
    "link",
    [
        msgspec.structs.replace(FOLLOWED, feeding=False),
        msgspec.structs.replace(FOLLOWED, reread_at=None),
        msgspec.structs.replace(FOLLOWED, reread_at=NOW - REREAD_EVERY),
        msgspec.structs.replace(FOLLOWED, reached_ns=11),
        begun_anew(msgspec.structs.replace(FOLLOWED, stored=5, cursor_ns=1)),
        msgspec.structs.replace(FOLLOWED, rereading_ns=5),
    ],
    ids=["no feed", "to be read again", "read a day ago", "history is left", "begun anew", "being read again"],
)
def test_whoever_reads_windows_is_a_long_visit(link):
    assert reads_long(with_steps(link), NOW)


def test_the_first_visit_of_all_is_a_long_one():
    assert reads_long(NEW, NOW)
    assert reads_long(NEW, NOW + timedelta(days=1))


async def test_long_visits_wait_for_a_place_and_others_do_not():
    room, order = Room(1), []

    async def visit(name, who):
        async with room.place(who, NOW):
            order.append(f"{name} in")
            await asyncio.sleep(0.01)
            order.append(f"{name} out")

    await asyncio.gather(visit("long", NEW), visit("second", NEW), visit("quiet", QUIET))
    assert order.index("long out") < order.index("second in")
    assert order.index("quiet in") < order.index("long out")


async def test_waiting_ends_and_the_queue_tries_again():
    room = Room(1, wait_s=0.01)
    async with room.place(NEW, NOW):
        with pytest.raises(Unavailable, match="instance_busy"):
            async with room.place(NEW, NOW):
                pass
    async with room.place(NEW, NOW):
        pass


async def test_a_place_is_given_back_whatever_ends_the_visit():
    room = Room(1, wait_s=0.01)
    with pytest.raises(KeyError):
        async with room.place(NEW, NOW):
            raise KeyError
    async with room.place(NEW, NOW):
        pass
