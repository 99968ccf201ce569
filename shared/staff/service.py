"""Registering staff: by an administrator, on papers, and never about oneself."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from shared import ids
from shared.audit.evidence import check_evidence
from shared.audit.model import Fact
from shared.clock import Clock
from shared.errors import Conflict, InvalidInput, NotFound, NotPermitted
from shared.staff.model import Member, Role, Roster, Term, checked, day_of, member_id
from shared.staff.ports import Commit, Rosters
from shared.staff.writes import changed
from shared.vocabulary import Language

_ATTEMPTS = 5


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is registered of somebody besides roles; see `Member`."""

    sub: str
    email: str
    name: str
    languages: tuple[Language, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rostering:
    """Register, amend, give roles, end them, list.

    `by` is the e-mail address of whoever changes the roster, `evidence` the reference of the papers it rests on; the
    audit log keeps the one as a hash, the other as it is. Every change raises InvalidInput `evidence_missing`, or
    `registration_invalid` where it cannot be or begins before today; NotFound `not_registered`; NotPermitted
    `self_change`; Refused `auditor_acts`, `one_manager`; Conflict where the roster kept changing meanwhile.
    """

    rosters: Rosters
    commit: Commit
    clock: Clock

    async def listed(self) -> Roster:
        """Everybody, those who have left included."""
        return (await self.rosters.read()).value

    async def register(self, person: Person, *, by: str, evidence: str) -> str:
        """Let somebody become a member, without any role yet; the member's id."""
        member = Member(id=member_id(person.sub), **msgspec.structs.asdict(person))
        await self._change(lambda members: [*members, member], "staff.registered", member.id, by, evidence)
        return member.id

    async def amend(
        self,
        member: str,
        *,
        by: str,
        evidence: str,
        email: str = "",
        name: str = "",
        languages: tuple[Language, ...] = (),
    ) -> None:
        """Change what is said of a member; what is not given stays, and so does the account itself."""

        def build(one: Member) -> Member:
            return msgspec.structs.replace(
                one, email=email or one.email, name=name or one.name, languages=languages or one.languages
            )

        await self._change_one(member, build, "staff.amended", by, evidence)

    async def give(
        self,
        member: str,
        role: Role,
        from_on: dt.date,
        until_on: dt.date | None = None,
        *,
        by: str,
        evidence: str,
    ) -> None:
        """Give a member a role from one civil day in Japan until another, on which it counts no more. Who becomes
        protection manager succeeds the one there is, whose own term ends on that day."""
        term = Term(role, from_on, until_on)
        self._from_today_on(from_on)

        def build(members: list[Member]) -> list[Member]:
            rest = [_cut_short(one, from_on, role) if role is Role.MANAGER else one for one in members]
            return _with(rest, member, lambda one: msgspec.structs.replace(one, terms=(*one.terms, term)))

        facts = {"role": role, "from": str(from_on), "until": str(until_on or "")}
        await self._change(build, "staff.role_given", member, by, evidence, facts)

    async def end(self, member: str, on: dt.date, *, by: str, evidence: str, role: Role | None = None) -> None:
        """End a member's role, or all of them, on a civil day in Japan; what would begin later does not. A protection
        manager ends by being succeeded."""
        self._from_today_on(on)

        facts = {"role": role or "", "on": str(on)}
        await self._change_one(member, lambda one: _cut_short(one, on, role), "staff.role_ended", by, evidence, facts)

    async def _change_one(
        self,
        member: str,
        build: Callable[[Member], Member],
        action: str,
        by: str,
        evidence: str,
        facts: Mapping[str, Fact] | None = None,
    ) -> None:
        await self._change(lambda members: _with(members, member, build), action, member, by, evidence, facts)

    async def _change(
        self,
        build: Callable[[list[Member]], list[Member]],
        action: str,
        member: str,
        by: str,
        evidence: str,
        facts: Mapping[str, Fact] | None = None,
    ) -> None:
        check_evidence(evidence)
        if by.count("@") != 1:
            raise InvalidInput("registration_invalid", "by: the e-mail address of whoever changes the roster")
        told: dict[str, Fact] = {
            "member": member,
            "by": ids.digest("by", by.casefold()),
            "evidence": evidence,
            **(facts or {}),
        }
        for _ in range(_ATTEMPTS):
            before = await self.rosters.read()
            members = checked(build(list(before.value.members)))
            touched = [one for one in (*members, *before.value.members) if one not in before.value.members]
            if by.casefold() in {one.email.casefold() for one in _versions(before.value.members, touched)}:
                raise NotPermitted("self_change")
            after = msgspec.structs.replace(before.value, members=members)
            writes = changed(before, after, at=self.clock.now(), action=action, facts=told)
            try:
                await self.commit(writes, witness=writes[-1].path)
                return
            except Conflict:
                continue
        raise Conflict("precondition_failed", "the roster kept changing")

    def _from_today_on(self, day: dt.date) -> None:
        # What somebody was allowed to do when they did it does not change afterwards.
        if day < day_of(self.clock.now()):
            raise InvalidInput("registration_invalid", "a role begins and ends today or later")


def _versions(before: tuple[Member, ...], touched: list[Member]) -> list[Member]:
    """The members that are touched, as they were and as they become."""
    names = {one.id for one in touched}
    return [*touched, *(one for one in before if one.id in names)]


def _with(members: list[Member], member: str, build: Callable[[Member], Member]) -> list[Member]:
    if all(one.id != member for one in members):
        raise NotFound("not_registered", "member")
    return [build(one) if one.id == member else one for one in members]


def _cut_short(one: Member, on: dt.date, role: Role | None) -> Member:
    left = (_cut(term, on, role) for term in one.terms)
    return msgspec.structs.replace(one, terms=tuple(term for term in left if term is not None))


def _cut(term: Term, on: dt.date, role: Role | None) -> Term | None:
    """What is left of a term that ends on a day, or would have begun then or later; of another role all of it."""
    if (role is not None and term.role is not role) or (term.until_on is not None and term.until_on <= on):
        return term
    return Term(term.role, term.from_on, on) if term.from_on < on else None
