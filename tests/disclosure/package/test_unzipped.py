"""One file out of an archive that streams by."""

import datetime as dt
import io
import random
import tracemalloc
import zipfile
from collections.abc import AsyncIterator

import pytest

from shared.disclosure.package.unzipped import member
from shared.disclosure.package.zipped import Piece, Zipped
from shared.errors import NotFound, Refused

CSV = "\n".join(f"2026-11-{n % 28 + 1:02},{n * 7919 % 10007}" for n in range(60_000)).encode()
PDF = b"%PDF-1.7" + random.Random(5).randbytes(300_000)


async def archive(*files: tuple[str, bytes]) -> bytes:
    async def pieces() -> AsyncIterator[Piece]:
        for name, content in files:
            yield Piece(name, content)

    zipped = Zipped(dt.datetime(2026, 11, 25))
    made = [some async for some in zipped.written(pieces())]
    return b"".join([*made, zipped.close()])


async def cut(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(content: bytes, name: str, size: int = 900_000) -> bytes:
    return b"".join([piece async for piece in member(cut(content, size), name)])


@pytest.mark.parametrize("size", [997, 65_536, 10_000_000])
async def test_a_file_is_found_wherever_the_archive_is_cut(size: int):
    made = await archive(("README.txt", b"read me"), ("empty.csv", b""), ("steps.csv", CSV), ("report.pdf", PDF))
    assert await read(made, "report.pdf", size) == PDF
    assert await read(made, "steps.csv", size) == CSV
    assert await read(made, "empty.csv", size) == b""


async def test_a_byte_at_a_time():
    made = await archive(("a", b"first" * 50), ("b", b"second" * 50))
    assert await read(made, "b", 1) == b"second" * 50


async def test_what_is_not_in_it_is_missing():
    with pytest.raises(NotFound, match="blob_missing"):
        await read(await archive(("a", b"x")), "report.pdf")


async def test_what_is_cut_short_broken_or_no_archive_of_ours_is_refused():
    made = await archive(("steps.csv", CSV), ("report.pdf", PDF))
    with pytest.raises(Refused, match="seal_broken"):
        await read(made[: len(made) // 2], "report.pdf")
    at = made.index(b"PK\x07\x08") + 5
    with pytest.raises(Refused, match="seal_broken"):
        await read(made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :], "report.pdf")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as written:
        written.writestr("report.pdf", PDF)
    with pytest.raises(Refused, match="seal_broken"):
        await read(other.getvalue(), "report.pdf")


async def test_memory_does_not_grow_with_the_archive():
    bomb = bytes(80_000_000)
    made = await archive(("zeros.csv", bomb), ("report.pdf", PDF))
    del bomb
    tracemalloc.start()
    size = 0
    async for piece in member(cut(made, 900_000), "report.pdf"):
        size += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == len(PDF)
    assert peak < 8_000_000
