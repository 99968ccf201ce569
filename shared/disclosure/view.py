"""What staff, and the person, see of a case. Each sees what their roles let them, and no more."""

import datetime as dt

import msgspec

from shared.disclosure.acts import Act, Decide
from shared.disclosure.codes import Category, Channel, Defect, Outcome, RequestType, Stage, Step
from shared.disclosure.corrections import Correction, Holder
from shared.disclosure.file import Actor, Moment
from shared.disclosure.handing import parts_of
from shared.disclosure.machine import TABLE, item_for, may_see, power_for
from shared.disclosure.model import Case, Item, Job, Letter, Person, Scan, Stamps
from shared.disclosure.proofs.model import SentLink
from shared.disclosure.service import Opened
from shared.disclosure.stored import StoredCase
from shared.errors import NotFound
from shared.staff.model import Power, may


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list: nothing of it tells who the person is."""

    id: str
    number: str
    stage: Stage
    category: Category
    types: list[RequestType]
    due_on: dt.date | None
    days_left: int | None
    contacted_at: dt.datetime
    held: bool


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """An item, with the words about it. `holders` were handed what was corrected, and are to be told."""

    id: str
    item: Item
    words: str
    reason: str
    correction: Correction | None = None
    holders: tuple[Holder, ...] = ()


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case, opened by a member of staff. `can`: the acts that this member may do now, by name."""

    id: str
    version: str
    number: str
    stage: Stage
    category: Category
    channel: Channel
    person: Person
    agent: Person | None
    relation: str
    items: list[ItemView]
    contacted_at: dt.datetime
    arrived_on: dt.date | None
    due_on: dt.date | None
    days_left: int | None
    extended_to: dt.date | None
    fee_yen: int
    stamps: Stamps
    defects: list[Defect]
    letters: dict[str, Letter]
    links: dict[str, SentLink]
    scans: dict[str, Scan]
    notes: list[str]
    matched: bool
    frozen: bool
    held: bool
    closed_on: dt.date | None
    destroy_on: dt.date | None
    waiting: list[Job]
    can: list[str]


class MineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as its person sees it. `files` are there to be fetched, by number from 1."""

    id: str
    type: RequestType
    step: Step
    outcome: Outcome | None
    files: int


class MineLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to them; its `papers` are there to be fetched, by number from 1."""

    id: str
    kind: str
    papers: int


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """A case, as its person sees it in the app."""

    id: str
    number: str
    stage: Stage
    filed_at: dt.datetime
    due_on: dt.date | None
    items: list[MineItem]
    letters: list[MineLetter]


def row(one: StoredCase, by: Actor, now: Moment) -> Row:
    """The case in a list. An item that waits for the protection manager is in nobody else's."""
    case = one.value
    return Row(
        id=one.id,
        number=case.number,
        stage=case.stage,
        category=case.category,
        types=[item.type for item in case.items.values() if may_see(item, by, now)],
        due_on=case.due_on,
        days_left=_days_left(case, now),
        contacted_at=case.contacted_at,
        held=case.hold is not None,
    )


def case_view(opened: Opened, by: Actor, now: Moment) -> CaseView:
    """The case, to a member of staff who may open it."""
    case, private = opened.file
    return CaseView(
        id=opened.id,
        version=opened.version,
        number=case.number,
        stage=case.stage,
        category=case.category,
        channel=case.channel,
        person=private.person,
        agent=private.agent,
        relation=private.relation,
        items=[
            ItemView(
                id=name,
                item=item,
                words=private.words.get(name, ""),
                reason=private.reasons.get(name, ""),
                correction=private.corrections.get(name),
                holders=private.holders.get(name, ()),
            )
            for name, item in case.items.items()
            if may_see(item, by, now)
        ],
        contacted_at=case.contacted_at,
        arrived_on=case.arrival.on if case.arrival else None,
        due_on=case.due_on,
        days_left=_days_left(case, now),
        extended_to=case.extended_to,
        fee_yen=case.fee_yen,
        stamps=case.stamps,
        defects=list(case.defects),
        letters=case.letters,
        links=case.links,
        scans=case.scans if by.member and may(by.member, Power.VIEW_SCAN, now.at) else {},
        notes=list(private.notes),
        matched=bool(case.subject),
        frozen=case.frozen,
        held=case.hold is not None,
        closed_on=case.closed_on,
        destroy_on=case.destroy_on,
        waiting=list(case.jobs),
        can=possible(opened, by, now),
    )


def possible(opened: Opened, by: Actor, now: Moment) -> list[str]:
    """The acts that could be done now, as far as roles, stage and steps say; an act's own rules may still refuse it."""
    found = []
    for act, rule in TABLE.items():
        if rule.power is None or by.member is None or not _may_do(opened, act, by, now):
            continue
        if opened.file.case.stage not in rule.stages or opened.file.case.destroying:
            continue
        steps = {item.step for name, item in opened.file.case.items.items() if _seen(opened, name, by, now)}
        if rule.steps is None or rule.steps & steps:
            found.append(str(act.__struct_config__.tag))
    return found


def mine(one: StoredCase) -> Mine:
    """The case, to its person."""
    case = one.value
    return Mine(
        id=one.id,
        number=case.number,
        stage=case.stage,
        filed_at=case.contacted_at,
        due_on=case.due_on,
        items=[
            MineItem(id=name, type=item.type, step=item.step, outcome=_told(item), files=parts_of(item))
            for name, item in case.items.items()
        ],
        letters=[
            MineLetter(id=name, kind=letter.kind, papers=len(letter.papers)) for name, letter in case.letters.items()
        ],
    )


def _told(item: Item) -> Outcome | None:
    """What was decided is told once it is carried out, with its reason in the letter."""
    return item.decision.outcome if item.decision and item.step in (Step.NOTIFYING, Step.ANSWERED) else None


def _may_do(opened: Opened, act: type[Act], by: Actor, now: Moment) -> bool:
    """Whether a role of theirs may, of any item."""
    power = TABLE[act].power
    powers = {power}
    if act is Decide:
        powers = {
            power_for(opened.file, Decide(item=name, outcome=Outcome.FULL), power) for name in opened.file.case.items
        }
    return by.member is not None and any(one is not None and may(by.member, one, now.at) for one in powers)


def _seen(opened: Opened, name: str, by: Actor, now: Moment) -> bool:
    try:
        item_for(opened.file, name, by, now)
    except NotFound:
        return False
    return True


def _days_left(case: Case, now: Moment) -> int | None:
    return (case.due_on - now.today).days if case.due_on and case.open else None
