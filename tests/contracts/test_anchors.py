"""What every write-once store promises, asked of each of them."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from shared.audit.ports import Anchors
from shared.cloud.anchors import FolderAnchors
from shared.errors import Conflict
from tests.audit.anchors import MemoryAnchors

UNTIL = dt.datetime(2037, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(params=["memory", "folder"])
async def anchors(request: pytest.FixtureRequest, tmp_path: Path) -> Anchors:
    """An empty store of each kind."""
    return MemoryAnchors() if request.param == "memory" else FolderAnchors(tmp_path)


async def test_what_was_never_put_is_absent(anchors):
    assert await anchors.get("days/2026-11-23") is None
    assert await anchors.names("") == []


async def test_what_was_put_comes_back(anchors):
    content = bytes(range(256)) * 100
    await anchors.put("days/2026-11-23/00001", content, UNTIL)
    assert await anchors.get("days/2026-11-23/00001") == content


async def test_the_same_may_be_put_again(anchors):
    await anchors.put("a", b"one", UNTIL)
    await anchors.put("a", b"one", UNTIL)
    assert await anchors.get("a") == b"one"


async def test_other_content_is_refused_and_what_was_first_stays(anchors):
    await anchors.put("a", b"one", UNTIL)
    with pytest.raises(Conflict, match="anchor_differs"):
        await anchors.put("a", b"two", UNTIL)
    assert await anchors.get("a") == b"one"


async def test_names_are_found_by_prefix_in_order(anchors):
    for name in ("b/2", "a/10", "a/1", "ab", "A-Z_.a"):
        await anchors.put(name, b"", UNTIL)
    assert await anchors.names("a/") == ["a/1", "a/10"]
    assert await anchors.names("") == ["A-Z_.a", "a/1", "a/10", "ab", "b/2"]
    assert await anchors.names("c") == []


async def test_there_may_be_more_names_than_one_page_holds(anchors):
    for n in range(1100):
        await anchors.put(f"p/{n:05d}", b"", UNTIL)
    assert await anchors.names("p/") == [f"p/{n:05d}" for n in range(1100)]


async def test_of_two_that_put_at_once_one_is_kept(anchors):
    both = await asyncio.gather(anchors.put("a", b"1", UNTIL), anchors.put("a", b"2", UNTIL), return_exceptions=True)
    kept = await anchors.get("a")
    assert [isinstance(one, Conflict) for one in both] == [kept == b"2", kept == b"1"]
    assert await anchors.names("") == ["a"]
