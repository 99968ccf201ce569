"""Tickets: what a page carries in its forms, where a browser cannot send its token along and keeps no cookies.

A ticket is sealed, so it tells nothing, cannot be made by anybody else (which also keeps other sites from posting
here), and opens for its own use alone.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from shared.clock import Clock
from shared.cloud.seal import Key, open_sealed, seal, version_of
from shared.cloud.vault import SecretStore
from shared.errors import NotPermitted, Refused

PAGE_KEY = "page-key"
LASTS = timedelta(minutes=15)
"""So long a page may lie unused."""
IN_ALL = timedelta(hours=1)
"""So long one sign-in counts, however often its page is used: as long as the token that it began with."""
_MOST_CHARS = 512


class _Inside(msgspec.Struct, frozen=True, array_like=True):
    uid: str
    began_s: int
    ends_s: int


class Ticket(NamedTuple):
    """Whose page it is, and when it began. `text` is for the page's next form."""

    uid: str
    began_at: datetime
    ends_at: datetime
    text: str


class Tickets:
    """Issues and opens the tickets of one `use`."""

    def __init__(
        self,
        secrets: SecretStore,
        clock: Clock,
        *,
        use: str,
        lasts: timedelta = LASTS,
        in_all: timedelta = IN_ALL,
    ) -> None:
        self._secrets = secrets
        self._clock = clock
        self._use = use
        self._lasts = lasts
        self._in_all = in_all

    async def issue(self, uid: str) -> Ticket:
        """A ticket for somebody who has just proved who they are."""
        return await self._issue(uid, self._clock.now())

    async def renew(self, text: str) -> Ticket:
        """Who holds this ticket, with the ticket for the next step. Raises as `read`."""
        held = await self.read(text)
        return await self._issue(held.uid, held.began_at)

    async def read(self, text: str) -> Ticket:
        """Whose ticket this is.

        Raises NotPermitted `page_expired`: it is too old, or was never one of ours.
        """
        inside = await self._open(text)
        now = self._clock.now()
        began_at = datetime.fromtimestamp(inside.began_s, UTC)
        if now.timestamp() >= inside.ends_s or now >= began_at + self._in_all:
            raise NotPermitted("page_expired")
        return Ticket(inside.uid, began_at, datetime.fromtimestamp(inside.ends_s, UTC), text)

    async def _issue(self, uid: str, began_at: datetime) -> Ticket:
        newest = await self._secrets.get(PAGE_KEY)
        key = Key(int(newest.version), newest.value).derive(self._use)
        ends_at = min(self._clock.now() + self._lasts, began_at + self._in_all)
        inside = _Inside(uid, int(began_at.timestamp()), int(ends_at.timestamp()))
        sealed = seal(key, msgspec.json.encode(inside), self._use)
        return Ticket(uid, began_at, ends_at, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode())

    async def _open(self, text: str) -> _Inside:
        try:
            if not text.isascii() or len(text) > _MOST_CHARS:
                raise NotPermitted("page_expired")
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain = open_sealed(await self._key(version_of(sealed)), sealed, self._use)
            return msgspec.json.decode(plain, type=_Inside)
        except (ValueError, Refused):
            raise NotPermitted("page_expired") from None

    async def _key(self, version: int) -> Key:
        newest = await self._secrets.get(PAGE_KEY)
        # Another instance may have seen a rotation earlier, or later. What is further away was never issued of late,
        # and is not looked up: anybody can ask for it.
        if abs(int(newest.version) - version) > 1:
            raise NotPermitted("page_expired")
        return Key(version, await self._secrets.get_version(PAGE_KEY, str(version))).derive(self._use)
