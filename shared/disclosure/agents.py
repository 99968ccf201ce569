"""May somebody act for somebody else? Parents and guardians by law, others by a mandate with a registered seal.

Looked at when their right is proven, and again before anything is carried out or handed over: a right that ended, or
was revoked meanwhile, carries nothing any more.

Source: 個人情報保護法 art. 37(3) and its order, art. 13: statutory agents of minors and of adult wards, and whoever was
mandated for the request. 民法 art. 4 (of age at 18), 818, 838, 843, 111 (how agency ends). The policy's procedure, 4.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from shared.disclosure.days import civil_date
from shared.disclosure.evidence import AGES, Ages, Document, Evidence, Flaw, Paper, aged, flaws
from shared.disclosure.identity import Fact, Level, facts_of, level_of, needed
from shared.vocabulary import Kind

OF_AGE = 18
ENOUGH_OF_PAPERS = Level.BASIC
"""An agent is known by papers: nothing is held of them to match, and no account of theirs is concerned."""


class AgentKind(StrEnum):
    """By what right somebody acts."""

    PARENT = "parent"
    """親権者."""
    GUARDIAN = "guardian"
    """未成年後見人."""
    ADULT_GUARDIAN = "adult_guardian"
    """成年後見人. Curators and assistants (保佐人, 補助人) need a mandate for this."""
    DELEGATE = "delegate"
    """With 委任状 and 印鑑登録証明書."""


FOR_MINORS = frozenset({AgentKind.PARENT, AgentKind.GUARDIAN})

PROVEN_BY: Mapping[AgentKind, frozenset[Paper]] = MappingProxyType(
    {
        AgentKind.PARENT: frozenset({Paper.FAMILY_REGISTER, Paper.RESIDENCE_RECORD}),
        AgentKind.GUARDIAN: frozenset({Paper.FAMILY_REGISTER}),
        AgentKind.ADULT_GUARDIAN: frozenset({Paper.GUARDIANSHIP_RECORD}),
        AgentKind.DELEGATE: frozenset(),
    }
)
"""Any of these shows the right. A residence record shows a parent only where it tells who is whose child."""


class Reason(StrEnum):
    """Why an agent may not."""

    UNIDENTIFIED = "agent_unidentified"
    PAPER_MISSING = "authority_paper_missing"
    BIRTH_DATE_MISSING = "birth_date_missing"
    OF_AGE = "person_of_age"
    MANDATE_MISSING = "mandate_missing"
    MANDATE_IN_FUTURE = "mandate_in_future"
    SEAL_CERTIFICATE_MISSING = "seal_certificate_missing"
    SEAL_CERTIFICATE_OLD = "seal_certificate_old"
    SEAL_CERTIFICATE_IN_FUTURE = "seal_certificate_in_future"
    SEAL_UNCHECKED = "seal_unchecked"
    SEAL_DIFFERS = "seal_differs"
    TYPE_OUT_OF_SCOPE = "type_out_of_scope"
    KIND_OUT_OF_SCOPE = "kind_out_of_scope"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Mandate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """委任状, as it was read. Empty `types` name none: a mandate says what it is for. Empty `kinds` name all there are.
    `until` is its last civil day; None: it names none."""

    signed_on: dt.date
    types: frozenset[str]
    kinds: frozenset[Kind] = frozenset()
    until: dt.date | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who acts for somebody else: what was looked at of them, and of their right.

    `seal_matches`: the seal on the mandate is the one on the certificate; None while nobody has compared them.
    """

    kind: AgentKind
    received_on: dt.date
    evidence: tuple[Evidence, ...] = ()
    papers: tuple[Document, ...] = ()
    person_born_on: dt.date | None = None
    mandate: Mandate | None = None
    seal_certificate_on: dt.date | None = None
    seal_matches: bool | None = None
    revoked_at: dt.datetime | None = None


class May(NamedTuple):
    """Whether an agent may, and if not, everything that is in the way."""

    ok: bool
    reasons: tuple[Reason, ...]


def agent_may(
    agent: Agent, request_type: str, at: dt.datetime, *, kinds: Collection[Kind] = (), ages: Ages = AGES
) -> May:
    """Whether `agent` may make, at `at`, a request of that type about those `kinds` (none: all of them)."""
    found: list[Reason] = []
    if not _identified(agent, request_type, at, ages):
        found.append(Reason.UNIDENTIFIED)
    if agent.kind is AgentKind.DELEGATE:
        found += _mandate(agent, request_type, at, kinds)
        found += _seal(agent, ages)
    else:
        found += _statutory(agent, at, ages)
    if agent.revoked_at is not None and agent.revoked_at <= at:
        found.append(Reason.REVOKED)
    return May(not found, tuple(found))


def level_through(
    agent: Agent,
    evidence: Iterable[Evidence],
    request_type: str,
    at: dt.datetime,
    *,
    kinds: Collection[Kind] = (),
    ages: Ages = AGES,
) -> Level:
    """How sure it is that a request through an agent is the person's own, by the `evidence` about the person: papers of
    the agent's right stand in for papers of the person; that it is this very person takes a match all the same."""
    if not agent_may(agent, request_type, at, kinds=kinds, ages=ages).ok:
        return Level.NONE
    facts = facts_of([one for one in evidence if not flaws(one, at, ages)])
    return Level.HIGH if Fact.MATCH in facts else Level.BASIC


def _identified(agent: Agent, request_type: str, at: dt.datetime, ages: Ages) -> bool:
    papers = [one for one in agent.evidence if isinstance(one, Document)]
    return level_of(papers, at, ages) >= min(needed(request_type), ENOUGH_OF_PAPERS)


def _statutory(agent: Agent, at: dt.datetime, ages: Ages) -> list[Reason]:
    found = []
    shown = [one for one in agent.papers if one.paper in PROVEN_BY[agent.kind]]
    if not any(not flaws(one, at, ages) - {Flaw.DISAGREES} for one in shown):
        found.append(Reason.PAPER_MISSING)
    if agent.kind in FOR_MINORS:
        if agent.person_born_on is None:
            found.append(Reason.BIRTH_DATE_MISSING)
        elif civil_date(at) >= comes_of_age(agent.person_born_on):
            found.append(Reason.OF_AGE)
    return found


def _mandate(agent: Agent, request_type: str, at: dt.datetime, kinds: Collection[Kind]) -> list[Reason]:
    mandate, today = agent.mandate, civil_date(at)
    if mandate is None:
        return [Reason.MANDATE_MISSING]
    found = []
    if mandate.signed_on > agent.received_on:
        found.append(Reason.MANDATE_IN_FUTURE)
    if request_type not in mandate.types:
        found.append(Reason.TYPE_OUT_OF_SCOPE)
    if mandate.kinds and not set(kinds or Kind) <= mandate.kinds:
        found.append(Reason.KIND_OUT_OF_SCOPE)
    if mandate.until is not None and today > mandate.until:
        found.append(Reason.EXPIRED)
    return found


def _seal(agent: Agent, ages: Ages) -> list[Reason]:
    found = [_SEALED[flaw] for flaw in aged(agent.seal_certificate_on, agent.received_on, ages.seal_months)]
    if agent.seal_matches is None:
        found.append(Reason.SEAL_UNCHECKED)
    elif not agent.seal_matches:
        found.append(Reason.SEAL_DIFFERS)
    return found


_SEALED = {
    Flaw.UNDATED: Reason.SEAL_CERTIFICATE_MISSING,
    Flaw.TOO_OLD: Reason.SEAL_CERTIFICATE_OLD,
    Flaw.IN_THE_FUTURE: Reason.SEAL_CERTIFICATE_IN_FUTURE,
}


def comes_of_age(born_on: dt.date) -> dt.date:
    """The first civil day on which somebody is of age: their birthday; 1 March for 29 February (民法 art. 143 II)."""
    try:
        return born_on.replace(year=born_on.year + OF_AGE)
    except ValueError:
        return dt.date(born_on.year + OF_AGE, 3, 1)
