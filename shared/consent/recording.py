"""Recording in the ledger, with everything that follows from it, in one commit."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloud.documents import Write
from shared.consent.ledger import Said
from shared.consent.model import Consents
from shared.consent.ports import Build, Commit, Followed, Follower, Ledger, Prepared
from shared.errors import Conflict

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Followers:
    """As `ports.Follower`: several, as one."""

    each: tuple[Follower, ...]

    async def following(self, uid: str, consents: Consents) -> Followed:
        """As the port."""
        found = [await one.following(uid, consents) for one in self.each]
        return Followed([w for one in found for w in one.writes], [begin for one in found for begin in one.afterwards])


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes to the ledger. Whatever decides about consent, and whatever ends it, goes through here."""

    ledger: Ledger
    follower: Follower
    commit: Commit

    async def record(
        self,
        uid: str,
        build: Build,
        said: Said,
        *,
        if_epoch: int | None = None,
        along: Sequence[Write] = (),
        born_on: dt.date | None = None,
    ) -> Prepared:
        """Commit what `build` says to record, what follows from it, and the writes `along`. `born_on` registers the
        person's date of birth.

        Raises what `build` raises; Conflict `consent_stale`: the epoch is not `if_epoch`, or the state kept changing;
        Conflict `precondition_failed` where one of `along` does not hold.
        """
        for attempt in range(_ATTEMPTS):
            prepared = await self.ledger.prepare(uid, build, said, if_epoch=if_epoch, born_on=born_on)
            followed = await self.follower.following(uid, prepared.consents)
            try:
                await self.commit([*prepared.writes, *followed.writes, *along], witness=prepared.witness)
            except Conflict:
                if along and attempt == _ATTEMPTS - 1:
                    raise
                continue  # a sync committed meanwhile, or another decision: read again and decide on that
            for begin in followed.afterwards:
                await begin()
            return prepared
        raise Conflict("consent_stale", "the state kept changing")

    async def tell_refused(self, uid: str, code: str, said: Said) -> None:
        """Leave a line in the audit log that something was refused. It never stands in the way of saying so."""
        for _ in range(_ATTEMPTS):
            writes = await self.ledger.prepare_refusal(uid, code, said)
            try:
                await self.commit(writes, witness=writes[-1].path)
            except Conflict:
                continue  # a decision was recorded meanwhile
            return
