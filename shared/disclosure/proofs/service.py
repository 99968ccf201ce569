"""Sending one-time links, and following them. Looking at one changes nothing: what mail scanners fetch stays unused.

Whoever follows a link that was used, has expired, was revoked, replaced or locked, or that never was, gets one and the
same answer. A link is redeemed in one commit, with what the case keeps of it; of two at once, one is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared.clock import Clock
from shared.cloud.documents import Write
from shared.consent.ports import Commit
from shared.disclosure.proofs import model
from shared.disclosure.proofs.model import (
    LASTS,
    MOST_ISSUES,
    MOST_TRIES,
    Issued,
    Link,
    Redeemed,
    State,
    StoredLink,
    Use,
)
from shared.disclosure.proofs.ports import CaseTold, Links, Marks
from shared.errors import Conflict, NotFound, NotPermitted, Refused
from shared.ids import Ids

_ATTEMPTS = 5
_SECOND = "second factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The links of all cases."""

    links: Links
    marks: Marks
    cases: CaseTold
    commit: Commit
    clock: Clock
    ids: Ids

    async def issue(self, case: str, use: Use, *, by: str, second: str = "", about: str = "") -> Issued:
        """Make a link, in a commit of its own. Raises as `issuing`; Conflict `precondition_failed`: two at once."""
        issued, writes, witness = await self.issuing(case, use, by=by, second=second, about=about)
        await self.commit(writes, witness=witness)
        return issued

    async def issuing(
        self, case: str, use: Use, *, by: str, second: str = "", about: str = ""
    ) -> tuple[Issued, list[Write], str]:
        """A link, and the writes that make it, for the commit of what it is sent for; and their witness. The one
        before, if there was one, then opens no more. A delivery has a second factor, always.

        Raises Refused `proof_issues_spent`: it was sent often enough.
        """
        if use is Use.DELIVERY and not model.folded(second):
            raise ValueError("a delivery takes a second factor")
        found = await self.links.of(case, use)
        issued = found.value.issued if found else 0
        if issued >= MOST_ISSUES:
            raise Refused("proof_issues_spent", f"at most {MOST_ISSUES}")
        at, token = self.clock.now(), self.ids.token()
        link = Link(
            case=case,
            use=use,
            state=State.OPEN,
            token=model.hash_of(token),
            about=about,
            second=await self._kept(case, use, second),
            issued=issued + 1,
            issued_at=at,
            expires_at=at + LASTS[use],
        )
        writes, witness = self._writes(link, found, actor=by, action="proof.issued")
        return Issued(token, link.expires_at), writes, witness

    async def redeem(self, token: str, use: Use, *, second: str = "", account: str | None = None) -> Redeemed:
        """Follow a link, once. `account` is the uid that is signed in, which a link to prove an account takes.

        Raises Refused `proof_invalid`: whatever is wrong with the link; NotPermitted `second_factor_wrong`: with how
        many tries are left; Conflict `precondition_failed`: it kept changing.
        """
        if (use is Use.ACCOUNT) is (account is None):
            raise ValueError("an account proves an account, and nothing else")
        for _ in range(_ATTEMPTS):
            found = await self.links.holding(token) if model.could_be(token) else None
            if found is None or not model.opens(found.value, token, use, self.clock.now()):
                raise Refused("proof_invalid")
            try:
                if not await self._has_second(found.value, second):
                    raise await self._wrong(found)
                return await self._redeem(found, account)
            except Conflict:
                continue  # somebody else was faster: look again at what is left
        raise Conflict("precondition_failed", "it kept changing")

    async def revoking(self, case: str, *, by: str) -> list[Write]:
        """The writes that close every link of a case, for the commit that gives the reason: an agent's right that was
        revoked, a request that was taken back. A link that is being redeemed at this moment makes that commit fail."""
        return await Closing(self.links, self.clock).revoking(case, by=by)

    async def _has_second(self, link: Link, second: str) -> bool:
        return not link.second or await self.marks.agrees(
            link.second, _SECOND, link.case, link.use, model.folded(second)
        )

    async def _kept(self, case: str, use: Use, second: str) -> str:
        return await self.marks.kept_mark(_SECOND, case, use, model.folded(second)) if second else ""

    async def _wrong(self, found: StoredLink) -> Refused | NotPermitted:
        """Count it before anybody is told, so that trying many at once tries no more."""
        link = model.tried_wrong(found.value)
        if link.state is not State.LOCKED:
            await self._commit(link, found, actor="browser", action="proof.refused")
            return NotPermitted("second_factor_wrong", more={"left": MOST_TRIES - link.tries})
        told = await self.cases.locked(link.case, link.use, at=self.clock.now())
        await self._commit(link, found, actor="browser", action="proof.locked", along=told)
        return Refused("proof_invalid")

    async def _redeem(self, found: StoredLink, account: str | None) -> Redeemed:
        at, link = self.clock.now(), msgspec.structs.replace(found.value, state=State.REDEEMED)
        try:
            told = await self.cases.redeemed(link.case, link.use, about=link.about, account=account, at=at)
        except (Refused, NotFound, Conflict):
            raise Refused("proof_invalid") from None  # the case waits for nothing of the kind any more
        actor = "browser" if account is None else "data_subject"
        await self._commit(link, found, actor=actor, action="proof.redeemed", along=told)
        return Redeemed(link.case, link.use, link.about, at)

    async def _commit(
        self, link: Link, found: StoredLink | None, *, actor: str, action: str, along: Sequence[Write] = ()
    ) -> None:
        writes, witness = self._writes(link, found, actor=actor, action=action)
        await self.commit([*writes, *along], witness=witness)

    def _writes(self, link: Link, found: StoredLink | None, *, actor: str, action: str) -> tuple[list[Write], str]:
        return _written(self.links, self.clock, link, found, actor=actor, action=action)


@dataclass(frozen=True, slots=True)
class Closing:
    """Closes links. It needs no case, so that whoever moves cases on can have it."""

    links: Links
    clock: Clock

    async def revoking(self, case: str, *, by: str) -> list[Write]:
        """As `Proofs.revoking`."""
        writes: list[Write] = []
        for use in Use:
            found = await self.links.of(case, use)
            if found is not None and found.value.state is State.OPEN:
                closed = msgspec.structs.replace(found.value, state=State.REVOKED)
                writes += _written(self.links, self.clock, closed, found, actor=by, action="proof.revoked")[0]
        return writes


def _written(
    links: Links, clock: Clock, link: Link, found: StoredLink | None, *, actor: str, action: str
) -> tuple[list[Write], str]:
    facts = {"case": link.case, "use": link.use.value, "issued": link.issued, "tries": link.tries}
    return links.writes(link, found, at=clock.now(), actor=actor, action=action, facts=facts)
