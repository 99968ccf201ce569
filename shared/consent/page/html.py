"""From what the page shows to HTML: pure functions. Jinja2 escapes every text; the content policy lets nothing run but
the page's own script, and no style but its own."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shared.cloud.tickets import Ticket
from shared.consent.ledger import Event
from shared.consent.model import LIVE, Method, State
from shared.consent.page.cards import Section, others, sections, sights
from shared.consent.page.known import Known, hours_to_erase, kinds_of, name_of, title_of
from shared.consent.page.messages import ERASE, STOP, View, address
from shared.consent.page.telling import clock_time, date, day, exactly, moment, say
from shared.consent.view import event_view
from shared.edge import Page
from shared.errors import Fault
from shared.policy.model import Notice
from shared.problems import problem_of
from shared.vocabulary import Kind, Language

if TYPE_CHECKING:
    from jinja2 import Environment

FILES = Path(__file__).parent / "files"


class Message(NamedTuple):
    """What came of what was pressed: shown, and said aloud. `card` is where it belongs, "" on top."""

    kind: Literal["done", "alert"]
    text: str
    card: str = ""


class Shown(NamedTuple):
    """One page for one person: what stands, which part of it, and the ticket for its forms."""

    known: Known
    view: View
    ticket: Ticket
    message: Message | None = None
    erase_first: bool = False
    """Whether the question about what is stored has just come up."""


class Line(NamedTuple):
    """What one decision said about one purpose and recipient."""

    what: str
    kinds: str
    to: str


class Decision(NamedTuple):
    """The lines of one decision."""

    receipt: int
    at: str
    iso: str
    by: str
    lines: list[Line]


def cells_page(shown: Shown) -> Page:
    """Who sees what and why, with a switch for each kind."""
    known, stands = shown.known, shown.known.stands
    purposes = sections(known)
    if shown.message and shown.message.card not in {card.id for one in purposes for card in one.cards}:
        shown = shown._replace(message=shown.message._replace(card=""))
    return _page(
        shown,
        "cells",
        sections=purposes,
        pending=_pending(purposes),
        others=others(known),
        sights=sights(known),
        frozen=bool(stands.frozen),
        version_date=date(known.notice.contents.in_force_from, known.language),
        stoppable=_stoppable(known),
        erasable=kinds_of(known, stands.erasable),
    )


def history_page(shown: Shown, events: Sequence[Event], *, before: int, earlier: int) -> Page:
    """What was decided, newest first. `earlier` is the number to go on before; 0 where nothing is left."""
    known = shown.known
    groups: dict[int, list[Event]] = {}
    for event in events:
        groups.setdefault(event.epoch, []).append(event)
    decisions = [_decision(known, epoch, its) for epoch, its in groups.items()]
    return _page(shown, "history", decisions=decisions, before=before, earlier=earlier)


def receipt_page(shown: Shown, events: Sequence[Event], jws: str | None) -> Page:
    """The receipt of one decision, readable; `events` are all of it."""
    known, first = shown.known, events[0]
    w, zone = say(known.language), known.notice.contents.time_zone
    contents = known.notices.find(first.notice.version).contents
    facts = [
        (w("receipt.number"), str(first.epoch)),
        (w("receipt.at"), exactly(first.at, zone, known.language)),
        (w("receipt.by"), w(f"role.{first.giver.role}")),
        (w("receipt.how"), w(f"method.{first.method}")),
        *([(w("receipt.language"), w(f"language.{first.language}"))] if first.method is not Method.SYSTEM else []),
        (w("receipt.controller"), contents.controller.name.of(known.language)),
        (w("receipt.notice"), date(contents.in_force_from, known.language)),
    ]
    lines = _decision(known, first.epoch, events).lines
    hashes = [(w("receipt.sha256"), first.notice.sha256)]
    hashes += [(w("receipt.hash", number=event.number), event.hash) for event in events]
    gives = any(event.state in (*LIVE, State.REQUESTED) for event in events)
    return _page(shown, "receipt", number=first.epoch, facts=facts, lines=lines, hashes=hashes, jws=jws, gives=gives)


def notice_page(shown: Shown, notice: Notice) -> Page:
    """A notice's prose, and the way to every other version."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    language = shown.known.language
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True})
    tokens = reader.parse(notice.text(language))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"  # the page has a first heading of its own
    versions = sorted(shown.known.notices, key=lambda one: one.in_force_at, reverse=True)
    return _page(
        shown,
        "notice",
        prose=Markup(reader.renderer.render(tokens, reader.options, {})),  # noqa: S704  # nosec B704: html is off above
        version=notice.contents.version,
        digest=notice.sha256,
        in_force=notice is shown.known.notice,
        versions=[(one.contents.version, date(one.contents.in_force_from, language)) for one in versions],
    )


def stop_page(shown: Shown) -> Page:
    """The one question before everything ends."""
    return _page(shown, "stop", recipients=_stoppable(shown.known))


def erase_page(shown: Shown) -> Page:
    """The one question before anything is erased."""
    known, stands = shown.known, shown.known.stands
    busy = any(cell.state is State.ERASING for cell in stands.cells)
    everything = not busy and not any(cell.state in LIVE for cell in stands.cells)
    return _page(
        shown,
        "erase",
        erasable=[(f"{ERASE}|{kind}", kinds_of(known, [kind])) for kind in stands.erasable],
        # With nothing given any more the key to all of it goes as well.
        all_of_it=f"{ERASE}|" if everything else f"{ERASE}|{','.join(stands.erasable)}",
        everything=everything,
        hours=hours_to_erase(known),
    )


def fault_page(fault: Fault, language: Language) -> Page:
    """Instead of the page: what is wrong, in both languages, and the way out."""
    problem = problem_of(fault)
    ordered = sorted(Language, key=lambda one: one is not language)
    texts = [(one, say(one)("fault.title"), problem.title(one), say(one)("fault.out")) for one in ordered]
    html = _environment().get_template("fault.html").render(lang=language, texts=texts, **_assets())
    return Page(html, problem.status, _policy())


def script() -> bytes:
    """What makes the page smoother where scripts run."""
    return (FILES / "page.js").read_bytes()


def _pending(purposes: Sequence[Section]) -> list[tuple[str, str]]:
    """Where on the page something should be looked at, and what that is about."""
    found = []
    for purpose in purposes:
        if purpose.fresh:
            found.append((f"purpose-{purpose.code}", purpose.title))
        found += [(card.id, f"{purpose.title} — {card.name}") for card in purpose.cards if card.alerts]
    return found


def _stoppable(known: Known) -> list[str]:
    """Names of everybody to whom something is given or offered."""
    live = (State.GIVEN, State.RECONFIRMED, State.REQUESTED)
    return [name_of(known, one) for one in dict.fromkeys(c.recipient for c in known.stands.cells if c.state in live)]


def _decision(known: Known, epoch: int, events: Sequence[Event]) -> Decision:
    w, zone, first = say(known.language), known.notice.contents.time_zone, events[0]
    same: dict[tuple[State, str, str, str], list[Kind]] = {}
    for event in events:
        one = event_view(event)
        until = w("until", date=day(one.valid_until, zone, known.language)) if one.valid_until else ""
        key = (one.state, one.purpose or "", one.recipient or "", until)
        same.setdefault(key, []).extend([one.kind] if one.kind else [])
    lines = [
        Line(
            " ".join(part for part in (w(f"event.{state}"), until) if part),
            kinds_of(known, kinds) if kinds else w("everything"),
            f"{title_of(known, purpose)} — {name_of(known, recipient)}" if purpose else "",
        )
        for (state, purpose, recipient, until), kinds in same.items()
    ]
    by = f"{w(f'role.{first.giver.role}')} · {w(f'method.{first.method}')}"
    return Decision(epoch, moment(first.at, zone, known.language), first.at.isoformat(), by, lines)


def _page(shown: Shown, template: str, **values: Any) -> Page:
    known, language = shown.known, shown.known.language
    contents = known.notice.contents
    w = say(language)
    html = (
        _environment()
        .get_template(f"{template}.html")
        .render(
            lang=language,
            other=Language.EN if language is Language.JA else Language.JA,
            w=w,
            view=shown.view,
            href=lambda view=View.CELLS, lang=language, **more: address(lang, view, recipient=known.shown, **more),
            nav=(View.CELLS, View.HISTORY, View.NOTICE),
            within={View.RECEIPT: View.HISTORY, View.STOP: View.CELLS, View.ERASE: View.CELLS}.get(shown.view),
            ticket=shown.ticket.text,
            until=clock_time(shown.ticket.ends_at, contents.time_zone),
            ends_at=shown.ticket.ends_at.isoformat(),
            epoch=known.stands.epoch,
            notice=known.notice.ref,
            controller=contents.controller,
            body=contents.accredited_body,
            message=shown.message,
            erase_first=shown.erase_first,
            stop=STOP,
            **values,
            **_assets(),
        )
    )
    return Page(html, policy=_policy())


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _assets() -> dict[str, Any]:
    from markupsafe import Markup

    return {"css": Markup((FILES / "page.css").read_text(encoding="utf-8"))}  # noqa: S704  # nosec B704: a file of ours


@cache
def _policy() -> dict[str, str]:
    digest = hashlib.sha256((FILES / "page.css").read_bytes()).digest()
    return {
        "style-src": f"'sha256-{base64.b64encode(digest).decode()}'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
    }
