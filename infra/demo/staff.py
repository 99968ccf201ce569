"""Staff at their desk: what they do to a case through the JSON API, signed in as the proxy signs them in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from infra.demo.phone import Unexpected
from infra.local.staff import HEADER, TEST_STAFF, Colleague
from shared.staff.model import Role


def colleague(role: Role) -> Colleague:
    """Who has this role, and no other."""
    return next(one for one in TEST_STAFF if one.roles == (role,))


@dataclass(frozen=True)
class Staff:
    """Calls of staff. `sign_in` gives the proxy's assertion for an e-mail address."""

    url: str
    session: aiohttp.ClientSession
    sign_in: Callable[[str], str]

    async def call(self, email: str, method: str, path: str, status: int, body: object = None) -> Any:
        """A request below /disclosure; its JSON."""
        headers = {HEADER.decode(): self.sign_in(email), "origin": self.url, "sec-fetch-site": "same-origin"}
        url = f"{self.url}/disclosure{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            raw = await answer.read()
            if answer.status != status:
                raise Unexpected(f"{method} {path} answered {answer.status}: {raw[:300].decode(errors='replace')}")
            return msgspec.json.decode(raw)

    async def opens(self, email: str, case: str, reason: str) -> "Sitting":
        """Somebody opens a case, and says why."""
        found = await self.call(email, "POST", f"/cases/{case}/open", 200, {"reason": reason})
        return Sitting(self, email, case, found["opened"]["opening"], found["case"])


@dataclass
class Sitting:
    """A case, open before somebody. `seen` is how it stands."""

    staff: Staff
    email: str
    case: str
    opening: str
    seen: dict[str, Any]

    async def does(self, act: str, **what: object) -> None:
        """Something to the case, as it stands on the screen."""
        body = {"act": {"act": act, **what}, "version": self.seen["version"], "opening": self.opening}
        self.seen = (await self.staff.call(self.email, "POST", f"/cases/{self.case}/acts", 200, body))["case"]
