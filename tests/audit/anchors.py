"""The write-once store, in memory."""

import datetime as dt

from shared.errors import Conflict


class MemoryAnchors:
    """Keeps what was put first. `kept` and `until` are for tests to look into, and to tamper with."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.until: dict[str, dt.datetime] = {}

    async def put(self, name: str, content: bytes, kept_until: dt.datetime) -> None:
        if self.kept.setdefault(name, content) != content:
            raise Conflict("anchor_differs")
        self.until[name] = max(kept_until, self.until.get(name, kept_until))

    async def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.kept if name.startswith(prefix))
