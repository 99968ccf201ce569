"""A person decides who may have what."""

from shared.clock import Clock
from shared.consent.model import QOLMS, Change, Consents, Method
from shared.consent.ports import Commit, Follower, Ledger
from shared.errors import Conflict, InvalidInput

_ATTEMPTS = 5


class Consenting:
    """Give, withdraw, and see. Every change reaches the documents that work is done from in the same commit."""

    def __init__(self, ledger: Ledger, follower: Follower, commit: Commit, clock: Clock) -> None:
        self._ledger = ledger
        self._follower = follower
        self._commit = commit
        self._clock = clock

    async def state(self, uid: str) -> Consents:
        """What stands now."""
        return await self._ledger.consents(uid)

    async def decide(self, uid: str, changes: tuple[Change, ...], *, if_epoch: int | None) -> Consents:
        """Record all of `changes` or none, and return the state after them.

        With `if_epoch` the decision was made looking at that state, and is refused on any other; so an offline
        decision replayed after a withdrawal can never give again.

        Raises:
            InvalidInput: `body_invalid`: no change, the same cell twice, or a recipient the purpose does not have.
            Conflict: `consent_stale`: the state has moved on; read it, ask again.
        """
        _check(changes)
        for _ in range(_ATTEMPTS):
            prepared = await self._ledger.prepare(
                uid, changes, method=Method.APP, at=self._clock.now(), if_epoch=if_epoch
            )
            if isinstance(prepared, Consents):
                raise Conflict("consent_stale", f"the epoch is {prepared.epoch}")
            followers = await self._follower.following(uid, prepared.consents)
            try:
                await self._commit([*prepared.writes, *followers], witness=prepared.witness)
            except Conflict:
                continue  # a sync committed meanwhile, or another decision: read again and decide on that
            return prepared.consents
        raise Conflict("consent_stale", "the state kept changing")


def _check(changes: tuple[Change, ...]) -> None:
    if not changes:
        raise InvalidInput("body_invalid", "changes: at least one")
    if len({change.cell for change in changes}) != len(changes):
        raise InvalidInput("body_invalid", "changes: one decision per cell")
    for change in changes:
        if change.recipient != QOLMS:
            raise InvalidInput("body_invalid", f"recipient: {change.purpose} has the recipient {QOLMS} only")
