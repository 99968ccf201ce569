"""The caller of staff routes: a Google account that Identity-Aware Proxy vouches for, and that the roster knows."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from shared import log
from shared.clock import Clock
from shared.cloud.identity import Headers, Staff
from shared.errors import NotPermitted
from shared.staff.model import Member
from shared.staff.ports import Rosters


class _Request(Protocol):
    @property
    def headers(self) -> Headers: ...


class Proxy(Protocol):
    """Who tells whose account calls: `identity.Identities`."""

    async def staff(self, request: _Request) -> Staff:
        """The account that was let through."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`member` is the caller of routes that are only looked at, `poster` of those that change something: what a browser
    sends along by itself, because another site made it, is turned away before its body is read.

    `public_url` is where staff's browsers reach the pages.
    """

    proxy: Proxy
    rosters: Rosters
    clock: Clock
    public_url: str

    async def member(self, request: _Request) -> Member:
        """Who calls, holding at least one role now.

        Raises NotPermitted: `unauthenticated`; `not_staff`, whose detail tells callers how their account is called,
        for the administrator who may register it.
        """
        account = await self.proxy.staff(request)
        roster = (await self.rosters.read()).value
        # The number never changes hands; that the address fits as well shows that the right number was registered.
        known = (
            one for one in roster.members if one.sub == account.sub and one.email.casefold() == account.email.casefold()
        )
        member = next(known, None)
        if member is None or not member.roles(self.clock.now()):
            log.event("identity.refused", "NOTICE", reason="not_staff")
            raise NotPermitted("not_staff", account.sub)
        return member

    async def poster(self, request: _Request) -> Member:
        """Who calls from one of our own pages. Raises as `member`; NotPermitted `posted_from_elsewhere`.

        Source: w3.org/TR/fetch-metadata; RFC 6454 §7.3 (Origin).
        """
        sites, origins = request.headers.getlist("sec-fetch-site"), request.headers.getlist("origin")
        at_home = urlsplit(self.public_url)
        ours = f"{at_home.scheme}://{at_home.netloc}"
        # Our pages send no referrer, so that their browser calls their origin null; then it says the same otherwise.
        allowed = {ours, "null"} if sites else {ours}
        if not (sites or origins) or set(sites) - {"same-origin"} or set(origins) - allowed:
            raise NotPermitted("posted_from_elsewhere")
        return await self.member(request)
