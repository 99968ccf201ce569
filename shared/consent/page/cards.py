"""From where a person's consents stand to what the page shows of them: purposes, recipients, kinds, switches."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.consent.model import LIVE, QOLMS, State
from shared.consent.page.known import Known, card_id, day_of, edition_of, kinds_of, name_of, title_of
from shared.consent.page.telling import Say, say
from shared.consent.ports import Recipient
from shared.consent.view import CellView
from shared.policy.model import Basis, PurposeNotice, RecipientType
from shared.vocabulary import Kind, Purpose

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
    """What should be looked at, and what the buttons under it ask for ("": there is none): to give, to leave it so."""

    text: str
    do: str = ""
    button: str = ""
    leave: str = ""
    leaving: str = ""


class Card(NamedTuple):
    """One recipient of one purpose. `about` tells who that is. `stop` ends all of it at once; "" where one tap does
    already."""

    id: str
    name: str
    about: str
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


class Sight(NamedTuple):
    """Somebody who sees something now: the card about it, who, which kinds, and what for."""

    card: str
    name: str
    kinds: str
    why: str


class Other(NamedTuple):
    """A purpose that stands on something else than consent."""

    title: str
    why: str
    facts: list[str]


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


def sights(known: Known) -> list[Sight]:
    """Who sees what now, and why. Nothing goes to who is not active, whatever was given them."""
    seen: dict[tuple[Purpose, str], list[Kind]] = {}
    for cell in known.stands.cells:
        if cell.state in LIVE and _is_active(known, cell.recipient) and not known.stands.frozen:
            seen.setdefault((cell.purpose, cell.recipient), []).append(cell.kind)
    order = [*known.notice.contents.purposes, *Purpose]
    return [
        Sight(card_id(purpose, one), name_of(known, one), kinds_of(known, kinds), title_of(known, purpose))
        for (purpose, one), kinds in sorted(seen.items(), key=lambda each: order.index(each[0][0]))
    ]


def _older(known: Known, purpose: Purpose) -> PurposeNotice | None:
    """A purpose's words in the newest notice that still had it."""
    having = [notice for notice in known.notices if purpose in notice.contents.purposes]
    return max(having, key=lambda one: one.in_force_at).contents.purposes[purpose] if having else None


def _pairs(known: Known, purpose: Purpose, words: PurposeNotice) -> list[str]:
    """Whom a purpose names: who has something, or can be given something. Of anybody else the history tells."""
    named = {
        cell.recipient
        for cell in known.stands.cells
        if cell.purpose is purpose
        and (
            cell.state in LIVE
            or cell.state is State.REQUESTED
            or _is_active(known, cell.recipient)
            or known.acted == card_id(purpose, cell.recipient)
        )
    }
    if words.recipient is RecipientType.SERVICE:
        named.add(QOLMS)
    shown = known.recipients.get(known.shown)
    if shown and shown.type is words.recipient:
        named.add(shown.id)
    return sorted(named, key=lambda one: (name_of(known, one), one))


def _is_active(known: Known, recipient: str) -> bool:
    who = known.recipients.get(recipient)
    return who is not None and who.active


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
    givable = not (gone or not _is_active(known, recipient) or known.stands.frozen)
    kinds = [kind for kind in known.notice.contents.kinds if kind in cells or (givable and words.may_touch(kind))]
    rows = [_row(known, code, words, recipient, kind, cells.get(kind), givable=givable) for kind in kinds]
    on = [kind for kind in kinds if kind in cells and cells[kind].state in LIVE]
    asked = [kind for kind in kinds if kind in cells and cells[kind].state is State.REQUESTED]
    alerts = list(_alerts(known, code, recipient, cells, w, givable=givable))
    return Card(
        id=card_id(code, recipient),
        name=name_of(known, recipient),
        about=_about(known, who, w),
        tally=_tally(known, on, [] if _ran_out(known, who) else asked, w),
        rows=rows,
        alerts=alerts,
        stop=_do("withdraw", code, on + asked, recipient) if len(on + asked) > 1 else "",
        stop_label=w("stop_card" if on else "uninvite", recipient=name_of(known, recipient)),
        note=w("purpose.gone") if gone else _note(known, who, w),
        open=opened or bool(alerts) or recipient == known.shown or known.acted == card_id(code, recipient),
    )


def _about(known: Known, who: Recipient | None, w: Say) -> str:
    if who is None or who.type is not RecipientType.RELATIVE or who.since is None:
        return who.address if who else ""
    return w("relative.watches" if who.active else "relative.invited", date=day_of(known, who.since))


def _tally(known: Known, on: list[Kind], asked: list[Kind], w: Say) -> str:
    most = len(known.notice.contents.kinds)
    told = [w("count", on=len(on), most=most, kinds=kinds_of(known, on))] if on else []
    told += [w("count.asked", kinds=kinds_of(known, asked))] if asked else []
    return " ".join(told) or w("count.none")


def _note(known: Known, who: Recipient | None, w: Say) -> str:
    """Why nothing goes there, where nothing does."""
    if who is not None and who.active:
        return ""
    if who is None or who.answers_by is None:
        return w("recipient.inactive")
    told = "invitation.over" if _ran_out(known, who) else "invitation.open"
    return w(told, date=day_of(known, who.answers_by))


def _ran_out(known: Known, who: Recipient | None) -> bool:
    """Whether it is somebody who did not answer in time."""
    return who is not None and who.answers_by is not None and who.answers_by <= known.at


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
    over = state is State.REQUESTED and _ran_out(known, known.recipients.get(recipient))
    control, decision = "switch", "withdraw" if on else "give"
    if state is State.REQUESTED:
        control, decision = "cancel", "withdraw"
    elif state is State.ERASING or (not on and not (givable and words.may_touch(kind))):
        control = "none"
    return Row(
        id=f"{card_id(code, recipient)}-{kind}",
        name=name,
        on=on,
        state=w("state.expired" if over else f"state.{state or 'none'}"),
        notes=_notes(known, cell, w, locked=control == "none" and state is not State.ERASING),
        control=control,
        do="" if control == "none" else _do(decision, code, [kind], recipient),
        label=w("switch", kind=name, recipient=name_of(known, recipient), purpose=words.title.of(known.language)),
    )


def _notes(known: Known, cell: CellView | None, w: Say, *, locked: bool) -> list[str]:
    notes = []
    if cell is not None:
        ended = cell.valid_until if cell.state is State.EXPIRED else None
        live, when = cell.state in LIVE, day_of(known, ended or cell.since)
        notes = [w("since" if live else "on_date", date=when)]
        if live and cell.valid_until is not None:
            notes.append(w("until", date=day_of(known, cell.valid_until)))
    return [*notes, w("locked")] if locked else notes


def _alerts(
    known: Known, code: Purpose, recipient: str, cells: Mapping[Kind, CellView], w: Say, *, givable: bool
) -> Iterable[Alert]:
    """What is pending about a card's cells: one alert for all that have the same to say."""
    same: dict[tuple[str, str], list[Kind]] = {}
    for one in known.stands.pending:
        if one.purpose is code and one.recipient == recipient and one.kind is not None:
            said = day_of(known, one.at) if one.at else ""
            if one.why == "new_words":
                said = edition_of(known, cells[one.kind].notice)
            same.setdefault((one.why, said), []).append(one.kind)
    for (why, said), kinds in same.items():
        text = w(why, kinds=kinds_of(known, kinds), date=said, now=edition_of(known, known.notice.contents.version))
        offers = givable and why in _OFFERED
        alert = Alert(text, _do("give", code, kinds, recipient), w(f"{why}.do")) if offers else Alert(text)
        if offers and why == "new_words":
            alert = alert._replace(leave=_do("refuse", code, kinds, recipient), leaving=w("new_words.leave"))
        yield alert


def _do(decision: str, purpose: str, kinds: Iterable[Kind], recipient: str) -> str:
    """What a button asks for; `messages.Filled.pressed` reads it back."""
    return "|".join((decision, purpose, ",".join(kinds), recipient))
