"""A person, or somebody with the right to, decides who may have what."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.cloud.documents import Write
from shared.consent.asking import MOST_CHANGES, Asked, Authority, check_right, read
from shared.consent.authorities import Right
from shared.consent.ledger import Entry, Event, Said, decided
from shared.consent.model import LIVE, Cell, Decision, Giver, Method, State
from shared.consent.ports import Ledger, Prepared, Recipients, Standing
from shared.consent.recording import Recorder
from shared.errors import Fault, NotFound, Unavailable
from shared.policy.model import Notice, NoticeRef
from shared.policy.notices import Notices
from shared.vocabulary import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a decision came in: under which notice, on which screen, in which language, and by whose right."""

    notice: NoticeRef | None = None
    language: Language = Language.JA
    screen: str = ""
    method: Method = Method.APP
    right: Right | None = None

    @property
    def authority(self) -> Authority | None:
        """The right it is decided by; None where the person decides."""
        return self.right.authority if self.right else None

    @property
    def fence(self) -> tuple[Write, ...]:
        """What must not have changed until the decision is recorded: the record of that right."""
        return (self.right.fence,) if self.right else ()

    @property
    def giver(self) -> Giver:
        """Who decides."""
        return self.authority.giver if self.authority else Giver()

    def said(self, notice: Notice, clock: Clock) -> Said:
        """What all events of the decision have in common."""
        return Said(
            at=clock.now(),
            method=self.method,
            notice=notice.ref,
            language=self.language,
            screen=self.screen,
            giver=self.giver,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consenting:
    """Give, refuse, withdraw, and see. Every change reaches the documents that work is done from in the same commit."""

    ledger: Ledger
    recorder: Recorder
    recipients: Recipients
    notices: Notices
    clock: Clock

    async def standing(self, uid: str) -> Standing:
        """What stands now. One read."""
        return await self.ledger.standing(uid)

    async def history(self, uid: str, *, after: int, limit: int) -> list[Event]:
        """At most `limit` events behind number `after`, oldest first."""
        return await self.ledger.events(uid, after=after, limit=limit)

    async def decide(self, uid: str, asked: Sequence[Asked], how: How, *, if_epoch: int | None) -> Prepared:
        """Record all of `asked` or none, and return what was recorded.

        With `if_epoch` the decision was made looking at that state, and is refused on any other; so an offline
        decision replayed after a withdrawal can never give again. What is refused leaves a line in the audit log, and
        nothing else.

        Raises as `asking.read` and `asking.check_right`, as `Notices.agreed_to`, and Conflict `consent_stale`: the
        state has moved on; read it, ask again.
        """
        at = self.clock.now()
        try:
            # Nobody is kept from ending something by words that have changed meanwhile.
            gives = any(one.decision is Decision.GIVE for one in asked)
            notice = self.notices.agreed_to(how.notice, at) if gives else self.notices.in_force(at)
            # What is beyond the bound is refused by `read`, and looked up for nobody.
            named = sorted({one.recipient for one in asked[:MOST_CHANGES]})
            changes = read(asked, notice, await self.recipients.find(uid, named), at)

            def build(standing: Standing) -> list[Entry]:
                until = check_right(standing, changes, notice, how.authority, at)
                seen = if_epoch is not None
                return [decided(standing.consents, change, at, until, seen=seen) for change in changes]

            return await self.recorder.record(
                uid, build, how.said(notice, self.clock), if_epoch=if_epoch, along=how.fence
            )
        except Unavailable:
            raise
        except Fault as refused:
            said = how.said(self.notices.in_force(at), self.clock)
            await self.recorder.tell_refused(uid, refused.code, said)
            raise

    async def withdraw_all(self, uid: str, how: How) -> Prepared:
        """End everything that is live or asked for, at once: "stop everything". Raises NotFound `nothing_given`."""
        at = self.clock.now()

        def build(standing: Standing) -> list[Entry]:
            open_cells = [
                Cell.of_key(key)
                for key, state in standing.consents.cells.items()
                if state.as_of(at) in LIVE or state.state is State.REQUESTED
            ]
            if not open_cells:
                raise NotFound("nothing_given")
            return [Entry(cell, State.WITHDRAWN) for cell in open_cells]

        return await self.recorder.record(uid, build, how.said(self.notices.in_force(at), self.clock))
