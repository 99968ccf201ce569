"""Who sits before a page, and which cases are open before them: a cookie for each, until its hour is over."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import NamedTuple, Protocol

from shared.cloud.identity import Headers
from shared.disclosure.file import Actor, staff
from shared.edge import Cookie
from shared.staff.model import Member

OPEN_FOR = timedelta(hours=1)
MOST_OPEN = 12
"""So many cases are open in one browser at once; the one that was opened first goes."""
_BEGINS, _PREFIX = "opening-", "__Host-"


class Request(Protocol):
    """What is asked of a request here and at the door."""

    @property
    def cookies(self) -> Mapping[str, str]: ...
    @property
    def headers(self) -> Headers: ...


class Seat(NamedTuple):
    """A member, and the tickets their browser brought, by case, the oldest first."""

    member: Member
    openings: Mapping[str, str]

    @property
    def by(self) -> Actor:
        """The member, acting."""
        return staff(self.member)

    def opened(self, case: str, ticket: str) -> list[Cookie]:
        """What the browser shall bring from now on."""
        old = [one for one in self.openings if one != case]
        gone = [Cookie(f"{_BEGINS}{one}", "0", 0) for one in old[: max(0, len(old) + 1 - MOST_OPEN)]]
        return [Cookie(f"{_BEGINS}{case}", ticket, int(OPEN_FOR.total_seconds())), *gone]


def seated(member: Callable[[Request], Awaitable[Member]]) -> Callable[[Request], Awaitable[Seat]]:
    """The caller of pages, known as `member` knows them."""

    @wraps(member)
    async def caller(request: Request) -> Seat:
        start = f"{_PREFIX}{_BEGINS}"
        found = {name.removeprefix(start): value for name, value in request.cookies.items() if name.startswith(start)}
        return Seat(await member(request), found)

    return caller
