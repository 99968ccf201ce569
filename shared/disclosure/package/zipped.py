"""A ZIP archive as it is written, piece by piece, in bounded memory.

Sizes and checksums follow each member, since they are known only then. Compressing is done on a thread. The same
members and time make the same bytes.
"""

import asyncio
import datetime as dt
import hashlib
import zipfile
from collections.abc import AsyncIterator
from typing import IO, NamedTuple

LEVEL = 6
_HELD = 256 * 1024
"""So much is gathered before it is compressed and handed on."""


class Piece(NamedTuple):
    """Some of a file's content. Pieces of one file follow each other."""

    path: str
    content: bytes


class Member(NamedTuple):
    """A file in the archive."""

    path: str
    sha256: str
    size_bytes: int


class _Sink:
    """Where the archive writes to: it cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def taken(self) -> bytes:
        """What was written since it was last asked."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Open:
    """The member that is being written."""

    def __init__(self, path: str, handle: IO[bytes]) -> None:
        self.path = path
        self.handle = handle
        self._digest = hashlib.sha256()
        self._size = 0
        self.gathered = bytearray()

    def write(self) -> None:
        """Compress what was gathered."""
        self._digest.update(self.gathered)
        self._size += len(self.gathered)
        self.handle.write(bytes(self.gathered))
        self.gathered.clear()

    def ended(self) -> Member:
        self.write()
        self.handle.close()
        return Member(self.path, self._digest.hexdigest(), self._size)


class Zipped:
    """An archive in the making. `at` is when all its members say they were made: a wall clock's time."""

    def __init__(self, at: dt.datetime) -> None:
        self._at = at
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self.members: list[Member] = []

    async def written(self, pieces: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
        """What the archive grows by with these files."""
        current: _Open | None = None
        try:
            async for path, content in pieces:
                if current is not None and current.path != path:
                    self.members.append(await asyncio.to_thread(current.ended))
                    current = None
                current = current or _Open(path, self._opened(path))
                current.gathered += content
                if len(current.gathered) >= _HELD:
                    await asyncio.to_thread(current.write)
                    yield self._sink.taken()
            if current is not None:
                self.members.append(await asyncio.to_thread(current.ended))
                yield self._sink.taken()
        finally:
            if current is not None:  # also where nobody waits for the rest
                current.handle.close()

    def _opened(self, path: str) -> IO[bytes]:
        info = zipfile.ZipInfo(path, self._at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o100644 << 16
        info.create_system = 3  # whichever system it was made on
        return self._archive.open(info, "w")

    def close(self) -> bytes:
        """The end of the archive."""
        self._archive.close()
        return self._sink.taken()
