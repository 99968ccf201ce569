"""The case page: where a case stands, what happened, what it holds, and everything that can be done to it now."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from shared.disclosure.agents import agent_may
from shared.disclosure.codes import OVER, Stage, Way
from shared.disclosure.evidence import Document, flaws
from shared.disclosure.file import Actor, Moment
from shared.disclosure.handing import parts_of
from shared.disclosure.identity import level_of, needed
from shared.disclosure.intake.dates import told
from shared.disclosure.model import Item, Person
from shared.disclosure.pages.act_forms import Sheet, offered
from shared.disclosure.pages.fields import Errors, Field, Kind, Typed, shown
from shared.disclosure.pages.frame import Frame, Said, Viewer
from shared.disclosure.pages.told import Event
from shared.disclosure.pages.words import Words, called, words
from shared.disclosure.pages.worklist import flags_of
from shared.disclosure.proofs.model import SentLink
from shared.disclosure.service import Opened
from shared.disclosure.view import CaseView, case_view, possible
from shared.edge import Page
from shared.errors import Fault
from shared.mail.model import MessageView
from shared.problems import problem_of
from shared.profile.matching import Answer

PATH = (Stage.CONTACTED, Stage.FORM_SENT, Stage.RECEIVED, Stage.VERIFYING, Stage.HANDLING, Stage.ANSWERED)
"""The way of a case that goes well, as the page draws it."""
FIRST = (
    "send_form", "register_arrival", "enter_form", "begin_verification", "mend_defects", "match_account", "verify",
    "fix_scope", "review", "decide", "cosign", "record_evidence", "posted", "register_delivery", "sign_destruction",
)  # fmt: skip
"""What usually comes next, where it can be done: it stands open."""
APART = frozenset({"note", "withdraw", "revoke_agency", "extend", "place_hold", "lift_hold", "close_unverified"})
"""What is rarely done; behind the rest."""
SCAN_KINDS = ("form", "identity", "mandate", "seal_certificate", "statutory", "envelope", "other")


def _scan_kinds(w: Words) -> list[tuple[str, str]]:
    return [(code, w(f"scan.{code}")) for code in SCAN_KINDS]


SCAN = (Field("kind", Kind.SELECT, required=True, options=_scan_kinds),)


class Shown(NamedTuple):
    """All that the page is made of: the case as it was opened, for whom, when, with what was looked up beside it."""

    opened: Opened
    by: Actor
    now: Moment
    events: Sequence[Event] = ()
    mails: Sequence[MessageView] = ()
    names: Mapping[str, str] = {}
    until: dt.datetime | None = None

    @property
    def view(self) -> CaseView:
        """What this member may see of it."""
        return case_view(self.opened, self.by, self.now)


def case_page(
    frame: Frame, viewer: Viewer, seen: Shown, *, token: str, said: Said | None = None, errors: Errors = ()
) -> Page:
    """The page. `errors`: why a scan was not taken."""
    w, view, (case, private) = words(viewer.language), seen.view, seen.opened.file
    sheets = offered(seen.opened, seen.by, seen.now)
    allowed = possible(seen.opened, seen.by, seen.now)
    verifies = "add_proof" in allowed or case.verification is not None or bool(private.evidence)
    return frame.page(
        "case.html",
        viewer,
        title=w("case.title", number=view.number),
        part="worklist",
        said=said,
        status=400 if errors else 200,
        errors=errors,
        view=view,
        case=case,
        state=case.audit.length,
        token=token,
        flags=flags_of(case, seen.by, seen.now),
        path=_path(view.stage),
        until=f"{seen.until.astimezone(dt.timezone(dt.timedelta(hours=9))):%H:%M}" if seen.until else "",
        person=_person(w, view.person),
        agent=_person(w, view.agent) if view.agent else [],
        facts=_facts(w, seen),
        items=[_item(w, seen, one.id, one.item, one.words, one.reason, sheets) for one in view.items],
        sheets=[_sheet(w, sheet) for sheet in sheets if not sheet.item and sheet.act not in APART],
        rare=[_sheet(w, sheet) for sheet in sheets if not sheet.item and sheet.act in APART],
        enters="enter_form" in allowed,
        matches="match_account" in allowed and not view.matched,
        scans=[(name, one, w(f"scan.{one.kind}"), w.moment(one.at)) for name, one in view.scans.items()],
        scan_fields=shown(SCAN, None, w, form="scan") if "add_scan" in allowed else [],
        letters=[(name, one, w.short_day(one.sent_on) if one.sent_on else "") for name, one in view.letters.items()],
        links=[_link(w, use, link) for use, link in view.links.items()],
        stuck=[
            problem_of(Fault(code)).title(w.language) for code in sorted({one.problem for one in view.waiting}) if code
        ],
        mails=[(one, w.moment(one.queued_at)) for one in seen.mails],
        proofs=_proofs(w, seen) if verifies else [],
        levels=_levels(seen) if verifies else {},
        agency=_agency(w, seen),
        notes=_notes(seen),
        events=[one.shown(w) for one in seen.events],
    )


def act_page(
    frame: Frame,
    viewer: Viewer,
    view: CaseView,
    sheet: Sheet,
    *,
    state: int,
    token: str,
    typed: Typed | None = None,
    errors: Errors = (),
    status: int = 200,
) -> Page:
    """One act's form by itself: with what was typed, and what is wrong with it."""
    w = words(viewer.language)
    item = next((one for one in view.items if one.id == sheet.item), None)
    return frame.page(
        "act.html",
        viewer,
        title=w(f"act.{sheet.act}"),
        part="worklist",
        status=status,
        view=view,
        item=w(f"type.{item.item.type}") if item else "",
        state=state,
        token=token,
        errors=errors,
        sheet=_sheet(w, sheet, typed, errors),
    )


def match_page(frame: Frame, viewer: Viewer, view: CaseView, answer: Answer, *, matched: bool) -> Page:
    """What comparing came to: its strength, and which of the stated fields agree. Never what is held, nor whose."""
    w = words(viewer.language)
    return frame.page(
        "match.html",
        viewer,
        title=w("match.title", number=view.number),
        part="worklist",
        view=view,
        strength=answer.strength,
        matched=matched,
        fields=[(w(f"match.field.{field}"), w(f"agreement.{found}"), found) for field, found in answer.fields.items()],
    )


def _path(stage: Stage) -> list[tuple[str, str]]:
    """The steps of the way, each done, now or to come."""
    at = {Stage.DEFECT: Stage.RECEIVED, Stage.RETAINED: Stage.ANSWERED, Stage.DESTROYED: Stage.ANSWERED}.get(
        stage, stage
    )
    if at not in PATH:
        return [(Stage.CONTACTED, "done"), (stage, "now")]
    here = PATH.index(at)
    steps = [(one, "done" if n < here or at in OVER else "now" if n == here else "") for n, one in enumerate(PATH)]
    return [(stage if one == at else one, how) for one, how in steps]


def _person(w: Words, person: Person) -> list[tuple[str, str]]:
    said = {
        **msgspec.structs.asdict(person),
        "born_on": told(person.born_on, w.language) if person.born_on else "",
        "address": " ".join(part for part in (person.postal_code, person.address) if part),
    }
    names = ("name", "kana", "born_on", "address", "registered_address", "phone", "mail", "member_id")
    return [(w(f"field.{name}"), said[name]) for name in names if said[name]]


def _facts(w: Words, seen: Shown) -> list[tuple[str, str]]:
    case = seen.opened.file.case
    found = [
        (w("fact.contacted"), f"{w.moment(case.contacted_at)} {w(f'channel.{case.channel}')}"),
        (w("field.by"), w(f"by.{case.by}")),
        (w("field.language"), w(f"language.{case.language}")),
    ]
    days = (
        (w("fact.form_sent"), case.form_sent_on),
        (w("fact.arrived"), case.arrival.on if case.arrival else None),
        (w("fact.due"), case.due_on),
        (w("fact.closed"), case.closed_on),
        (w("fact.destroy"), case.destroy_on),
    )
    found += [(label, w.day(on)) for label, on in days if on]
    if case.arrival and case.arrival.registered_mail:
        found.append((w("field.registered_mail"), case.arrival.registered_mail))
    if case.defects:
        found.append((w("fact.defects"), w("frame.comma").join(called(w.language, one) for one in case.defects)))
    found += [(w("flag.hold"), seen.opened.file.private.held_for)] if case.hold else []
    return found


def _item(
    w: Words, seen: Shown, name: str, item: Item, said: str, reason: str, sheets: Sequence[Sheet]
) -> dict[str, Any]:
    scope, decision, private = item.scope, item.decision, seen.opened.file.private
    kinds = w("frame.comma").join(w(f"kind.{kind}") for kind in scope.kinds) or w("scope.all")
    period = w("scope.period", first=scope.first or "…", last=scope.last or "…") if scope.first or scope.last else ""
    found = [(w("field.kinds"), kinds), (w("scope.days"), period), (w("field.way"), w(f"way.{item.way}"))]
    found += [(w("field.words"), said)]
    if decision:
        who = seen.names.get(decision.by, decision.by)
        found += [
            (w("field.outcome"), w(f"outcome.{decision.outcome}")),
            (w("field.ground"), called(w.language, decision.ground) if decision.ground else ""),
            (w("field.reason"), reason),
            (w("fact.decided"), f"{who} {w.moment(decision.at)}"),
            (w("fact.cosigned"), seen.names.get(decision.cosigned_by, decision.cosigned_by)),
        ]
        left_out = [f"{one.path} {w(f'left_out.{one.ground}')}" for one in private.redactions.get(name, ())]
        found += [(w("fact.redactions"), "\n".join(left_out))]
    if item.verdict:
        word = w(f"allowed.{'yes' if item.verdict.allowed else 'no'}")
        found += [(w("fact.verdict"), f"{word} {private.verdicts.get(name, '')}")]
    found += [(w(f"task.{one.task}"), f"{w.moment(one.at)} {one.proof}") for one in item.evidence]
    found += [(w("fact.delivered"), w.day(item.delivered_on) if item.delivered_on else "")]
    return {
        "id": name,
        "item": item,
        "pairs": [(label, value) for label, value in found if value],
        "sheets": [_sheet(w, sheet) for sheet in sheets if sheet.item == name],
        # What is handed over on paper is printed at the window.
        "prints": range(1, parts_of(item) + 1) if item.way is Way.PAPER else (),
    }


def _sheet(w: Words, sheet: Sheet, typed: Typed | None = None, errors: Errors = ()) -> dict[str, Any]:
    fields = shown(sheet.fields, typed, w, form=sheet.form, errors=errors)
    rows = [one for one in fields if one["name"].rpartition("_")[2].isdecimal()]
    return {
        "act": sheet.act,
        "item": sheet.item,
        "title": w(f"act.{sheet.act}"),
        "first": sheet.act in FIRST,
        "fields": [one for one in fields if one not in rows],
        # Places to leave out, four fields each.
        "rows": [rows[n : n + 4] for n in range(0, len(rows), 4)],
        "filled": any(one["value"] for one in rows),
    }


def _link(w: Words, use: str, link: SentLink) -> tuple[str, str, str]:
    """What it is for, until when it opens, and what came of it."""
    state = "locked" if link.locked else "followed" if link.followed_at else "sent"
    return w(f"use.{use}"), w.moment(link.until), w(f"link.{state}")


def _proofs(w: Words, seen: Shown) -> list[tuple[str, str, str]]:
    """What was looked at, what it shows, and why it does not count, if so."""
    found = []
    for one in seen.opened.file.private.evidence:
        shows, what = "", w(f"evidence.{type(one).__struct_config__.tag}")
        if isinstance(one, Document):
            what = called(w.language, one.paper)
            shows = w("frame.comma").join(w(f"shows.{part}") for part in sorted(one.agreed))
        wrong = w("frame.comma").join(w(f"flaw.{flaw}") for flaw in sorted(flaws(one, seen.now.at)))
        found.append((what, shows, wrong))
    return found


def _levels(seen: Shown) -> dict[str, int]:
    case, private = seen.opened.file
    wanted = max((needed(item.type) for item in case.items.values()), default=0)
    return {"now": int(level_of(private.evidence, seen.now.at)), "needed": int(wanted)}


def _agency(w: Words, seen: Shown) -> list[tuple[str, str]]:
    case, agency = seen.opened.file.case, seen.opened.file.private.agency
    if agency is None:
        return []
    ways = {reason for item in case.items.values() for reason in agent_may(agency, item.type, seen.now.at).reasons}
    found = [(w("field.agent_kind"), w(f"agent_kind.{agency.kind}"))]
    if agency.mandate:
        types = w("frame.comma").join(w(f"type.{one}") for one in sorted(agency.mandate.types))
        found += [(w("field.mandate_signed_on"), w.day(agency.mandate.signed_on)), (w("field.mandate_types"), types)]
        found += [(w("field.mandate_until"), w.day(agency.mandate.until))] if agency.mandate.until else []
    wrong = w("frame.comma").join(w(f"agency.{reason}") for reason in sorted(ways))
    return [*found, (w("agency.state"), wrong or w("agency.ok"))]


def _notes(seen: Shown) -> list[tuple[str, str, str]]:
    """Day, name and text of each."""
    found = []
    for note in seen.opened.file.private.notes:
        head, _, text = note.partition(": ")
        day, _, who = head.partition(" ")
        found.append((day, seen.names.get(who, who), text))
    return found[::-1]
