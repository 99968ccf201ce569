"""How often a person may begin what costs a document, an audit entry, and perhaps a call to Google or to somebody."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.cloud.documents import Documents, Expect, Put
from shared.errors import Conflict, Unavailable

WINDOW_S = 600


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `most` attempts at `what` a person in ten minutes, however many instances they reach."""

    documents: Documents
    clock: Clock
    what: str
    most: int

    async def spend(self, uid: str) -> None:
        """Take one attempt. Raises Unavailable `too_many_requests`, with when to come back."""
        now_s = int(self.clock.now().timestamp())
        window, left_s = now_s // WINDOW_S, WINDOW_S - now_s % WINDOW_S
        path = f"users/{uid}/settings/{self.what}"
        found = await self.documents.get(path)
        spent = found.data["spent"] if found and found.data["window"] == window else 0
        if spent >= self.most:
            raise Unavailable("too_many_requests", f"at most {self.most} in ten minutes", retry_after_s=left_s)
        try:
            counted = {"window": window, "spent": spent + 1}
            await self.documents.commit([Put(path, counted, found.version if found else Expect.ABSENT)])
        except Conflict:
            # Two at once from one person: one of them waits a moment, so that many at once do not pass as one.
            raise Unavailable("too_many_requests", "one at a time", retry_after_s=1) from None
