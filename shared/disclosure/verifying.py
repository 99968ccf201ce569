"""Is the person who they say they are, and may whoever acts for them? Each function does one act of `machine.TABLE`.

How far evidence carries is said in `identity`, and what an agent needs in `agents`.
"""

import datetime as dt
from collections.abc import Iterable

import msgspec

from shared.disclosure import acts as a
from shared.disclosure.agents import AgentKind, Reason, agent_may, level_through
from shared.disclosure.codes import FINISHED, TELLS, By, Category, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.days import lapses_on
from shared.disclosure.evidence import MailLink, Match
from shared.disclosure.file import Doing, File, Moment
from shared.disclosure.identity import level_of, needed
from shared.disclosure.model import Item, Person, Verification
from shared.disclosure.taking_in import MOST_FIELD, begin_handling, check_text
from shared.errors import Conflict, InvalidInput, NotPermitted, Refused

REOPENS_DAYS = 30
MOST_EVIDENCE = 40
ENDED = frozenset({Reason.REVOKED, Reason.EXPIRED, Reason.OF_AGE})
"""Why somebody is an agent no more."""
_OVER = ENDED | {Reason.TYPE_OUT_OF_SCOPE, Reason.KIND_OUT_OF_SCOPE}
"""What no further paper puts right."""


def add_proof(do: Doing[a.AddProof]) -> File:
    """Keep what a paper shows. Raises InvalidInput `request_invalid`: too many."""
    evidence = do.file.private.evidence
    if len(evidence) >= MOST_EVIDENCE:
        raise InvalidInput("request_invalid", f"evidence: at most {MOST_EVIDENCE}")
    return do.file.with_private(evidence=(*evidence, do.act.document))


def match_account(do: Doing[a.MatchAccount]) -> File:
    """What is stated agrees strongly with what is held of an account: keep which, sealed."""
    evidence = [
        msgspec.structs.replace(one, agreed=True) if do.act.mail and isinstance(one, MailLink) else one
        for one in do.file.private.evidence
    ]
    match = Match(at=do.now.at, mail=do.act.mail)
    file = do.file.with_private(account=do.act.account, evidence=(*evidence, match))
    return file.with_case(subject=do.act.subject)


def match_by_hand(do: Doing[a.MatchByHand]) -> File:
    """People compared it with records outside of this system. Raises InvalidInput `request_invalid`: a customer's data
    is in it, and a match there tells no values; `reason_missing`."""
    if do.file.case.category is Category.CUSTOMER:
        raise InvalidInput("request_invalid", "customers are matched by the system")
    check_text("records", do.act.records, MOST_FIELD)
    if not do.act.records.strip():
        raise InvalidInput("reason_missing", "records")
    noted = (*do.file.private.notes, f"{do.now.today} {do.by.id}: {do.act.records}")
    return do.file.with_private(evidence=(*do.file.private.evidence, Match(at=do.now.at)), notes=noted)


def record_agency(do: Doing[a.RecordAgency]) -> File:
    """Keep what the agent's papers say; again, where papers have grown old meanwhile.

    Raises InvalidInput `request_invalid`: no agent, or of another kind. Refused `agency_over`: it was revoked.
    NotPermitted `verifier_decides`.
    """
    if do.file.case.by is not (By.DELEGATED if do.act.agency.kind is AgentKind.DELEGATE else By.STATUTORY):
        raise InvalidInput("request_invalid", f"the request is made by: {do.file.case.by}")
    before = do.file.private.agency
    if before and before.revoked_at:
        raise Refused("agency_over", Reason.REVOKED)
    if any(item.decision and item.decision.by == do.by.id for item in do.file.case.items.values()):
        raise NotPermitted("verifier_decides")
    return do.file.with_private(agency=msgspec.structs.replace(do.act.agency, revoked_at=None))


def revoke_agency(do: Doing[a.RevokeAgency]) -> File:
    """From here on nothing is handed to the agent, and nothing more is carried out on their word: what is not being
    done yet, and what would be handed to them, is withdrawn. What is done already is told to the person."""
    file = do.file
    agency = file.private.agency
    if agency is None:
        raise InvalidInput("request_invalid", "there is no agent whose right is known")
    file = file.with_private(agency=msgspec.structs.replace(agency, revoked_at=do.now.at))
    under_way = (Step.EXECUTING, Step.NOTIFYING)
    names = [n for n, i in file.case.items.items() if i.step not in FINISHED]
    return take_back(file, [n for n in names if file.case.items[n].step not in under_way or tells(file.case.items[n])])


def take_back(file: File, names: Iterable[str]) -> File:
    """These items are withdrawn, with whatever the system was still to do about them."""
    taken = tuple(names)
    for name in taken:
        file = file.with_item(name, step=Step.WITHDRAWN).without_job("collect", name).without_job("carry_out", name)
    for name, letter in file.case.letters.items():
        if letter.kind == "answer" and set(letter.items) <= set(taken):
            file = file.without_job("letter", name)
    if taken and all(item.step in FINISHED for item in file.case.items.values()):
        gone = [name for name, item in file.case.items.items() if item.step is Step.WITHDRAWN]
        file = file.with_letter("withdrawn", Way.PAPER, *gone)
    return file


def tells(item: Item) -> bool:
    """Whether its answer tells of the person's data."""
    done = item.decision is not None and item.decision.outcome in (Outcome.FULL, Outcome.PARTIAL)
    return done and item.type in TELLS


def addressee(file: File, at: dt.datetime) -> Person:
    """Whom letters go to: the agent, unless it is known that they act no more."""
    agent, agency = file.private.agent, file.private.agency
    if agent is None or (agency and ENDED & set(agent_may(agency, "", at).reasons)):
        return file.private.person
    return agent


def verify(do: Doing[a.Verify]) -> File:
    """Raises Conflict `identity_unproven`: what was looked at does not carry all that is asked; as `check_agency`."""
    for item in do.file.case.items.values():
        if item.step in FINISHED:
            continue
        check_agency(do.file, item, do.now)
        check_identity(do.file, item, do.now)
    return begin_handling(do.file.with_case(verification=Verification(do.by.id, do.now.at)))


def close_unverified(do: Doing[a.CloseUnverified]) -> File:
    """The answer is the same whether or not there is such a person here. Raises InvalidInput `offer_two_ways`."""
    if len(set(do.act.offered)) < 2:
        raise InvalidInput("offer_two_ways")
    file = do.file.with_private(offered=do.act.offered).with_letter("unverified")
    return file.closed(Stage.UNVERIFIED, do.now)


def reopen(do: Doing[a.Reopen]) -> File:
    """Raises Conflict `case_moved_on`: more than 30 days have passed."""
    closed_on = do.file.case.closed_on
    if closed_on and do.now.today > lapses_on(closed_on, REOPENS_DAYS):
        raise Conflict("case_moved_on", f"closed more than {REOPENS_DAYS} days ago")
    return do.file.with_case(stage=Stage.VERIFYING, closed_on=None, destroy_on=None)


def check_identity(file: File, item: Item, now: Moment) -> None:
    """Raises Conflict `identity_unproven`: less is proven than this request needs."""
    private = file.private
    if private.agency is None:
        level = level_of(private.evidence, now.at)
    else:
        level = level_through(private.agency, private.evidence, item.type, now.at, kinds=item.scope.kinds)
    if level < needed(item.type):
        raise Conflict("identity_unproven", f"{item.type} needs level {needed(item.type)}, proven is {level}")


def check_agency(file: File, item: Item, now: Moment) -> None:
    """What must hold of an agent, if one acts: when their right is proven, and again before anything is carried out or
    handed over.

    Raises Conflict `agency_unproven`: something is missing; Refused `agency_over`: it ended, or is not for this. The
    detail names everything that is in the way.
    """
    if file.case.by is By.SELF or item.type is RequestType.COMPLAINT:
        return  # whoever is dissatisfied is heard (art. 40)
    if file.private.agency is None:
        raise Conflict("agency_unproven", "papers")
    may = agent_may(file.private.agency, item.type, now.at, kinds=item.scope.kinds)
    if may.ok:
        return
    if _OVER & set(may.reasons):
        raise Refused("agency_over", ", ".join(may.reasons))
    raise Conflict("agency_unproven", ", ".join(may.reasons))
