"""From where a person's consents stand to what the page shows of them: purposes, recipients, kinds, switches."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.consent.model import LIVE, QOLMS, State
from shared.consent.page.telling import Say, day, listed, say
from shared.consent.ports import Recipient
from shared.consent.view import CellView, Stands
from shared.policy.model import Basis, Notice, PurposeNotice, RecipientType
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Language, Purpose

_OPEN_AT_MOST = 2
"""So many recipients are shown in full at once; of more, only what needs a look."""
_OFFERED = ("new_words", "ends_soon", "expired", "authority_ended")


class Row(NamedTuple):
    """One cell. `do` is what its control asks for: "" where nothing can be asked. `control`: switch, cancel, none."""

    id: str
    name: str
    on: bool
    state: str
    notes: list[str]
    control: str
    do: str
    label: str


class Alert(NamedTuple):
    """What should be looked at, and what the button under it asks for ("": there is none)."""

    text: str
    do: str = ""
    button: str = ""


class Card(NamedTuple):
    """One recipient of one purpose. `stop` ends all of it at once; "" where one tap does already."""

    id: str
    name: str
    address: str
    tally: str
    rows: list[Row]
    alerts: list[Alert]
    stop: str
    stop_label: str
    note: str
    open: bool


class Section(NamedTuple):
    """One purpose: what it is for, and whom it names. `empty` stands where it names nobody yet."""

    code: str
    title: str
    why: str
    facts: list[str]
    cards: list[Card]
    empty: str
    fresh: Alert | None


class Other(NamedTuple):
    """A purpose that stands on something else than consent."""

    title: str
    why: str
    facts: list[str]


class Known(NamedTuple):
    """What is shown: where things stand, under the notice in force, and everybody it names."""

    stands: Stands
    notice: Notice
    notices: Notices
    recipients: Mapping[str, Recipient]
    language: Language
    shown: str = ""
    """A recipient that the app opened the page for, though nothing was decided about them yet."""
    acted: str = ""
    """The card that was just used."""
    events: int = 0
    """How many lines the ledger has."""


def card_id(purpose: str, recipient: str) -> str:
    """A card's name in the page."""
    return f"card-{purpose}-{recipient.replace(':', '-')}"


def sections(known: Known) -> list[Section]:
    """Every purpose that stands on consent, and every one that once did and was decided about."""
    decided = {cell.purpose for cell in known.stands.cells}
    now = known.notice.contents.purposes
    found = [(code, words) for code, words in now.items() if words.basis is Basis.CONSENT]
    found += [(code, words) for code in Purpose if code in decided - now.keys() and (words := _older(known, code))]
    listed_cards = {code: _pairs(known, code, words) for code, words in found}
    opened = sum(map(len, listed_cards.values())) <= _OPEN_AT_MOST
    return [_section(known, code, words, listed_cards[code], opened=opened) for code, words in found]


def others(known: Known) -> list[Other]:
    """The purposes that ask nobody, so that the page leaves nothing unsaid."""
    w = say(known.language)
    return [
        Other(
            words.title.of(known.language),
            words.why.of(known.language),
            [
                w(f"basis.{words.basis}"),
                w("others.never" if words.kinds == "none" else "others.touch"),
                w("retention", words=words.retention.of(known.language)),
            ],
        )
        for words in known.notice.contents.purposes.values()
        if words.basis is not Basis.CONSENT
    ]


def summary(known: Known) -> str:
    """Who can see anything now, in one sentence."""
    w = say(known.language)
    if known.stands.frozen:
        return w("sees.frozen")
    kinds: dict[str, set[Kind]] = {}
    for cell in known.stands.cells:
        if cell.state in LIVE:
            kinds.setdefault(cell.recipient, set()).add(cell.kind)
    if not kinds:
        return w("sees.none")
    each = [w("sees.one", name=name_of(known, one), kinds=len(its)) for one, its in kinds.items()]
    return w("sees.some", names=listed(each, known.language))


def name_of(known: Known, recipient: str) -> str:
    """What a recipient is called."""
    found = known.recipients.get(recipient)
    return found.name.of(known.language) if found else say(known.language)("recipient.unknown")


def kinds_of(known: Known, kinds: Iterable[str]) -> str:
    """Kinds by name, in the notice's order."""
    asked = set(kinds)
    names = [words.of(known.language) for kind, words in known.notice.contents.kinds.items() if kind in asked]
    return listed(names, known.language)


def _older(known: Known, purpose: Purpose) -> PurposeNotice | None:
    """A purpose's words in the newest notice that still had it."""
    having = [notice for notice in known.notices if purpose in notice.contents.purposes]
    return max(having, key=lambda one: one.in_force_at).contents.purposes[purpose] if having else None


def _pairs(known: Known, purpose: Purpose, words: PurposeNotice) -> list[str]:
    named = {cell.recipient for cell in known.stands.cells if cell.purpose is purpose}
    if words.recipient is RecipientType.SERVICE:
        named.add(QOLMS)
    shown = known.recipients.get(known.shown)
    if shown and shown.type is words.recipient:
        named.add(shown.id)
    return sorted(named, key=lambda one: (name_of(known, one), one))


def _section(known: Known, code: Purpose, words: PurposeNotice, recipients: list[str], *, opened: bool) -> Section:
    w, language = say(known.language), known.language
    facts = [w("retention", words=words.retention.of(language))]
    if words.lasts_days is not None:
        facts.append(w("lasts", days=words.lasts_days))
    fresh = None
    if any(one.purpose is code and one.why == "new_purpose" and one.recipient for one in known.stands.pending):
        kinds = [kind for kind in Kind if words.may_touch(kind)]
        fresh = Alert(w("new_purpose"), _do("refuse", code, kinds, QOLMS), w("new_purpose.do"))
    return Section(
        code=code,
        title=words.title.of(language),
        why=words.why.of(language),
        facts=facts,
        cards=[_card(known, code, words, one, opened=opened or fresh is not None) for one in recipients],
        empty="" if recipients else w(f"nobody.{words.recipient}"),
        fresh=fresh,
    )


def _card(known: Known, code: Purpose, words: PurposeNotice, recipient: str, *, opened: bool) -> Card:
    w, who = say(known.language), known.recipients.get(recipient)
    cells = {c.kind: c for c in known.stands.cells if c.purpose is code and c.recipient == recipient}
    gone = code not in known.notice.contents.purposes
    inactive = who is None or not who.active
    givable = not (gone or inactive or known.stands.frozen)
    kinds = [kind for kind in known.notice.contents.kinds if words.may_touch(kind) or kind in cells]
    rows = [_row(known, code, words, recipient, kind, cells.get(kind), givable=givable) for kind in kinds]
    on = [kind for kind in kinds if kind in cells and cells[kind].state in LIVE]
    alerts = list(_alerts(known, code, recipient, cells, w, givable=givable))
    return Card(
        id=card_id(code, recipient),
        name=name_of(known, recipient),
        address=who.address if who else "",
        tally=w("count", on=len(on), kinds=kinds_of(known, on)) if on else w("count.none"),
        rows=rows,
        alerts=alerts,
        stop=_do("withdraw", code, on, recipient) if len(on) > 1 else "",
        stop_label=w("stop_card", recipient=name_of(known, recipient)),
        note=w("purpose.gone") if gone else w("recipient.inactive") if inactive else "",
        open=opened or bool(alerts) or recipient == known.shown or known.acted == card_id(code, recipient),
    )


def _row(
    known: Known,
    code: Purpose,
    words: PurposeNotice,
    recipient: str,
    kind: Kind,
    cell: CellView | None,
    *,
    givable: bool,
) -> Row:
    w = say(known.language)
    name = known.notice.contents.kinds[kind].of(known.language)
    state = cell.state if cell else None
    on = state in LIVE
    control, decision = "switch", "withdraw" if on else "give"
    if state is State.REQUESTED:
        control, decision = "cancel", "withdraw"
    elif state is State.ERASING or (not on and not (givable and words.may_touch(kind))):
        control = "none"
    return Row(
        id=f"{card_id(code, recipient)}-{kind}",
        name=name,
        on=on,
        state=w(f"state.{state or 'none'}"),
        notes=_notes(known, cell, w, locked=control == "none" and state is not State.ERASING),
        control=control,
        do="" if control == "none" else _do(decision, code, [kind], recipient),
        label=w("switch", kind=name, recipient=name_of(known, recipient), purpose=words.title.of(known.language)),
    )


def _notes(known: Known, cell: CellView | None, w: Say, *, locked: bool) -> list[str]:
    notes = []
    if cell is not None:
        ended = cell.valid_until if cell.state is State.EXPIRED else None
        live, when = cell.state in LIVE, _day(known, ended or cell.since)
        notes = [w("since", date=when), w("version", notice=cell.notice)] if live else [w("on_date", date=when)]
        if live and cell.valid_until is not None:
            notes.append(w("until", date=_day(known, cell.valid_until)))
    return [*notes, w("locked")] if locked else notes


def _alerts(
    known: Known, code: Purpose, recipient: str, cells: Mapping[Kind, CellView], w: Say, *, givable: bool
) -> Iterable[Alert]:
    """What is pending about a card's cells: one alert for all that have the same to say."""
    same: dict[tuple[str, str], list[Kind]] = {}
    for one in known.stands.pending:
        if one.purpose is code and one.recipient == recipient and one.kind is not None:
            said = cells[one.kind].notice if one.why == "new_words" else _day(known, one.at) if one.at else ""
            same.setdefault((one.why, said), []).append(one.kind)
    for (why, said), kinds in same.items():
        text = w(why, kinds=kinds_of(known, kinds), date=said, notice=said, now=known.notice.contents.version)
        offers = givable and why in _OFFERED
        yield Alert(text, _do("give", code, kinds, recipient), w(f"{why}.do")) if offers else Alert(text)


def _do(decision: str, purpose: str, kinds: Iterable[Kind], recipient: str) -> str:
    """What a button asks for; `messages.Filled.pressed` reads it back."""
    return "|".join((decision, purpose, ",".join(kinds), recipient))


def _day(known: Known, at: dt.datetime) -> str:
    return day(at, known.notice.contents.time_zone, known.language)
