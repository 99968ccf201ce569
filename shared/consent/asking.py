"""From what an app sends to what the ledger can record: every rule about what may be decided at all, in one place."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from shared.consent.ledger import Entry, decided
from shared.consent.model import DECEASED, LIVE, QOLMS, Cell, CellState, Change, Consents, Decision, Giver, Role, State
from shared.consent.ports import Recipient, Standing
from shared.errors import Conflict, InvalidInput, NotPermitted, Refused
from shared.policy.model import Basis, Notice, PurposeNotice, RecipientType, Rule
from shared.vocabulary import Kind, Purpose

MOST_CHANGES = 200
MOST_CELLS = 1_000
"""How many cells of others than the service a person ever has: whatever they do, where they stand fits into one
document, and to end all of it into one commit and one receipt."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision, as the app sends it. `valid_until` may end what is given earlier than the notice does."""

    purpose: str
    kind: str
    recipient: str
    decision: Decision
    valid_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """Somebody's right to decide for another: a guardian's or an agent's. None of the lists means everything."""

    id: str
    subject: str
    holder: str
    role: Role
    evidence: str
    valid_until: dt.datetime | None = None
    purposes: tuple[Purpose, ...] = ()
    kinds: tuple[Kind, ...] = ()
    ended: bool = False

    @property
    def giver(self) -> Giver:
        return Giver(self.role, self.id, self.evidence)

    def over(self, at: dt.datetime) -> bool:
        """Whether it counts no more."""
        return self.ended or (self.valid_until is not None and at >= self.valid_until)

    def covers(self, purpose: Purpose, kind: Kind | None = None) -> bool:
        """Whether it reaches so far. Without a `kind`: for some kind."""
        return (not self.purposes or purpose in self.purposes) and (
            kind is None or not self.kinds or kind in self.kinds
        )


def read(asked: Sequence[Asked], notice: Notice, recipients: Mapping[str, Recipient], at: dt.datetime) -> list[Change]:
    """The changes that were asked for, held to the notice.

    Withdrawing is held to less: whatever was given can be withdrawn, under any words and after any recipient's end.

    Raises InvalidInput: `purpose_unknown`, `kind_unknown`, `recipient_unknown`, `decision_impossible` (the purpose does
    not stand on consent, may not touch the kind, or a time is in the past), `body_invalid` (none, too many, one cell
    twice). The detail names the change.
    """
    if not 0 < len(asked) <= MOST_CHANGES:
        raise InvalidInput("body_invalid", f"changes: 1 to {MOST_CHANGES}")
    changes = [_read_one(f"changes[{place}]", one, notice, recipients, at) for place, one in enumerate(asked)]
    if len({change.cell for change in changes}) != len(changes):
        raise InvalidInput("body_invalid", "changes: one decision per cell")
    return changes


def _read_one(where: str, asked: Asked, notice: Notice, recipients: Mapping[str, Recipient], at: dt.datetime) -> Change:
    if asked.purpose not in set(Purpose):
        raise InvalidInput("purpose_unknown", f"{where}.purpose")
    if asked.kind not in set(Kind):
        raise InvalidInput("kind_unknown", f"{where}.kind")
    purpose, kind = Purpose(asked.purpose), Kind(asked.kind)
    recipient = recipients.get(asked.recipient)
    if recipient is None:
        raise InvalidInput("recipient_unknown", f"{where}.recipient")
    valid_until = None
    if asked.decision is Decision.GIVE:
        words = notice.contents.purposes.get(purpose)
        if words is None:
            raise InvalidInput("purpose_unknown", f"{where}.purpose: not in this notice")
        _check_possible(where, words, kind, recipient)
        valid_until = ends_at(where, words, asked.valid_until, at)
    return Change(purpose, kind, asked.recipient, asked.decision, valid_until)


def _check_possible(where: str, words: PurposeNotice, kind: Kind, recipient: Recipient) -> None:
    if words.basis is not Basis.CONSENT:
        raise InvalidInput("decision_impossible", f"{where}.purpose: it does not stand on consent")
    if not words.may_touch(kind):
        raise InvalidInput("decision_impossible", f"{where}.kind: the purpose may never touch it")
    if recipient.type is not words.recipient or not recipient.active:
        raise InvalidInput("recipient_unknown", f"{where}.recipient: not one that this purpose can have now")


def can_be_given(cell: Cell, notice: Notice) -> bool:
    """Whether the notice lets anybody give this, to somebody like that."""
    words = notice.contents.purposes.get(cell.purpose)
    if words is None or words.basis is not Basis.CONSENT or not words.may_touch(cell.kind):
        return False
    return words.recipient == (RecipientType.SERVICE if cell.recipient == QOLMS else cell.recipient.partition(":")[0])


def _term(words: PurposeNotice, at: dt.datetime) -> dt.datetime | None:
    return at + dt.timedelta(days=words.lasts_days) if words.lasts_days is not None else None


def ends_at(where: str, words: PurposeNotice, asked: dt.datetime | None, at: dt.datetime) -> dt.datetime | None:
    """When what is given at `at` ends: as asked, and no later than the purpose's own term. Raises InvalidInput
    `decision_impossible`."""
    longest = _term(words, at)
    if asked is None:
        return longest
    if asked.tzinfo is None or asked <= at:
        raise InvalidInput("decision_impossible", f"{where}.valid_until: an instant to come, with its offset")
    try:
        asked = asked.astimezone(dt.UTC)  # as the store gives it back, or the line's hash would not fit any more
    except OverflowError:
        raise InvalidInput("decision_impossible", f"{where}.valid_until: beyond the year 9999") from None
    return min(asked, longest) if longest is not None else asked


def given_by_linking(
    standing: Standing, kinds: Sequence[Kind], shown: Notice, epoch: int, at: dt.datetime
) -> list[Entry]:
    """The consents that linking gives, for kinds that have none: what stands, stands under the words it was given.

    Raises Refused `link_invalid` where some of it was withdrawn after `epoch`, while the link was under way: then the
    person has to begin anew. InvalidInput `decision_impossible`: the words that were shown let a kind not be given. As
    `asking.check_right`.
    """
    stands = {kind: standing.consents.cells.get(Cell(Purpose.QOLMS_STORE, kind, QOLMS).key) for kind in kinds}
    kept = [kind for kind, cell in stands.items() if cell is not None and cell.as_of(at) in LIVE]
    lost = [k for k, cell in stands.items() if cell is not None and k not in kept and cell.epoch > epoch]
    if lost:
        raise Refused("link_invalid")
    cells = [Cell(Purpose.QOLMS_STORE, kind, QOLMS) for kind in kinds if kind not in kept]
    for cell in cells:
        if not can_be_given(cell, shown):
            raise InvalidInput("decision_impossible", f"kinds: {cell.kind} is not in this notice")
    changes = [Change(*cell, Decision.GIVE, _term(shown.contents.purposes[cell.purpose], at)) for cell in cells]
    check_right(standing, changes, shown, None, at)
    return [decided(standing.consents, change, at) for change in changes]


def check_right(
    standing: Standing, changes: Sequence[Change], notice: Notice, authority: Authority | None, at: dt.datetime
) -> dt.datetime | None:
    """Whether who decides may decide this, and until when their giving counts (None: for as long as it says).

    Anybody may withdraw for themselves, at any age.

    Raises Refused `consent_frozen`; `guardian_needed`: under age, only a guardian gives. NotPermitted
    `authority_invalid`: the right to decide for somebody else is over, or does not cover this. Conflict
    `erasure_under_way`; `too_many_cells`: it is about others than ever before, and there have been too many.
    """
    _check_number(standing.consents, changes)
    gives = [change for change in changes if change.decision is Decision.GIVE]
    for change in gives:
        if standing.consents.state_of(change.cell, at) is State.ERASING:
            raise Conflict("erasure_under_way", change.cell.key)
    if standing.consents.frozen == DECEASED or (gives and standing.consents.frozen):
        raise Refused("consent_frozen", standing.consents.frozen)
    comes_of_age = of_age_at(standing.born_on, notice, at)
    under_age = comes_of_age is not None and at < comes_of_age
    if under_age and gives and (authority is None or authority.role is not Role.GUARDIAN):
        raise Refused("guardian_needed", f"below {notice.rule(Rule.GUARDIAN_BELOW_AGE, at)}")
    if authority is None:
        return None
    ends = authority.valid_until
    if authority.role is Role.GUARDIAN:
        if not under_age:
            raise NotPermitted("authority_invalid", "of age: only the person decides")
        ends = comes_of_age if ends is None else min(ends, comes_of_age or ends)
    _check_authority(authority, changes, at)
    return ends


def _check_number(consents: Consents, changes: Sequence[Change]) -> None:
    new = sum(change.recipient != QOLMS and change.cell.key not in consents.cells for change in changes)
    if new and len(consents.cells) + new > MOST_CELLS:
        raise Conflict("too_many_cells", f"at most {MOST_CELLS}")


def _check_authority(authority: Authority, changes: Sequence[Change], at: dt.datetime) -> None:
    if authority.over(at) or not authority.evidence:
        raise NotPermitted("authority_invalid", "it is over, or rests on no evidence")
    for change in changes:
        if not authority.covers(change.purpose, change.kind):
            raise NotPermitted("authority_invalid", f"it does not cover {change.cell.key}")


def of_age_at(born_on: dt.date | None, notice: Notice, at: dt.datetime) -> dt.datetime | None:
    """The first instant, at `at` or before or after it, from which the person decides by the rule in force then.

    Whose birthday comes after a rule changed is measured by the new one: the age is counted at the birthday, not at
    `at`. Who is of age by one rule may be under age again by the next.

    Born on 29 February, a person reaches an age on 1 March where the year has no such day: never a day too early.
    """
    if born_on is None:
        return None
    rules = sorted(notice.contents.rules[Rule.GUARDIAN_BELOW_AGE], key=lambda rule: rule.since)
    of_age = at
    for rule, following in zip(rules, [*rules[1:], None], strict=True):
        begins = notice.start_of(rule.since)
        ends = notice.start_of(following.since) if following else None
        if ends is not None and ends <= at:
            continue
        of_age = notice.start_of(_birthday(born_on, rule.value))
        if begins > at:
            of_age = max(of_age, begins)
        if ends is None or of_age < ends:
            break
    return of_age


def _birthday(born_on: dt.date, age: int) -> dt.date:
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return dt.date(born_on.year + age, 3, 1)


class Pending(msgspec.Struct, frozen=True):
    """What the app should ask about, and why: `new_purpose`, `new_words`, `expired`, `ends_soon`, `authority_ended`.

    Nothing that is left open or refused costs an existing function: to refuse what is live keeps it as it is."""

    purpose: Purpose
    why: str
    kind: Kind | None = None
    recipient: str = ""
    at: dt.datetime | None = None


SOON = dt.timedelta(days=30)


def pending(consents: Consents, notice: Notice, at: dt.datetime) -> list[Pending]:
    """What needs asking under the notice in force: purposes that nobody was ever asked about, and cells whose words or
    time have changed. What that notice lets nobody give is not asked for: there would be no answer."""
    found: list[Pending] = []
    answered = {key.split("|", 1)[0] for key in consents.cells}
    for purpose, words in notice.contents.purposes.items():
        if words.basis is Basis.CONSENT and words.kinds != "none" and purpose not in answered:
            recipient = QOLMS if words.recipient is RecipientType.SERVICE else ""
            found.append(Pending(purpose, "new_purpose", recipient=recipient))
    for key, state in consents.cells.items():
        why, ends = _why(state, notice, at)
        cell = Cell.of_key(key)
        if why and can_be_given(cell, notice):
            found.append(Pending(cell.purpose, why, cell.kind, cell.recipient, ends))
    return found


def _why(cell: CellState, notice: Notice, at: dt.datetime) -> tuple[str, dt.datetime | None]:
    state = cell.as_of(at)
    if state is State.EXPIRED:
        return "expired", cell.valid_until
    if state is State.INVALIDATED and cell.authority_until is not None and at >= cell.authority_until:
        return "authority_ended", cell.authority_until
    if state not in LIVE or cell.declined == notice.contents.version:
        return "", None
    ends = min((end for end in (cell.valid_until, cell.authority_until) if end is not None), default=None)
    if ends is not None and ends - at <= SOON:
        return "ends_soon", ends
    if cell.notice != notice.contents.version:
        return "new_words", None
    return "", None
