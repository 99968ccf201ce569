"""One file out of an archive of ours, as the archive streams by: neither is ever whole in memory.

It reads what `zipped` writes: each member deflated, its sizes behind it. Source: APPNOTE.TXT 6.3.10, 4.3.7 to 4.3.9.
"""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

from shared.errors import NotFound, Refused

_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_DEFLATED, _SIZES_FOLLOW, _PIECE = 8, 0x08, 256 * 1024


class _Ahead:
    """The archive, as far as it was read and not yet used."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.held = b""

    async def more(self) -> None:
        """Raises Refused `seal_broken`: it ends too early."""
        try:
            self.held += await anext(self._pieces)
        except StopAsyncIteration:
            raise Refused("seal_broken", "the archive ends too early") from None

    async def take(self, size: int) -> bytes:
        while len(self.held) < size:
            await self.more()
        taken, self.held = self.held[:size], self.held[size:]
        return taken


async def member(archive: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
    """The content of the file `name`.

    Raises NotFound `blob_missing`: there is none of that name; Refused `seal_broken`: it is no archive of ours.
    """
    ahead = _Ahead(archive)
    while True:
        signature, _, flags, method, *_, named, extra = _HEADER.unpack(await ahead.take(_HEADER.size))
        if signature != _LOCAL:
            raise NotFound("blob_missing")
        if method != _DEFLATED or not flags & _SIZES_FOLLOW:
            raise Refused("seal_broken", "no archive of ours")
        found = (await ahead.take(named)).decode()
        await ahead.take(extra)
        wanted = found == name
        crc = 0
        async for piece in _inflated(ahead):
            crc = zlib.crc32(piece, crc)
            if wanted:
                yield piece
        if struct.unpack("<4sI", await ahead.take(8)) != (_DESCRIPTOR, crc):
            raise Refused("seal_broken", "a file in the archive is broken")
        if wanted:
            return
        # Sizes are of eight bytes each where the header has an extra field for them (zip64), else of four.
        await ahead.take(16 if extra else 8)


async def _inflated(ahead: _Ahead) -> AsyncIterator[bytes]:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflating.eof:
        if not ahead.held:
            await ahead.more()
        piece = await asyncio.to_thread(inflating.decompress, ahead.held, _PIECE)
        ahead.held = inflating.unused_data or inflating.unconsumed_tail
        if piece:
            yield piece
