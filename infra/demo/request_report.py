"""The report's part about the request on paper: the days of the case, what was found and erased, and the proof."""

from datetime import datetime
from html import escape
from typing import Any

from infra.demo import words as w
from infra.demo.handing_on import clock
from infra.demo.html import both, cell, number, row, section, table
from infra.demo.people import Words
from infra.demo.request import FOLDER
from infra.demo.requested import Happened, Requested
from shared.vocabulary import Kind

_TASKS = {
    "package": Words("開示の一式を作成", "the package made"),
    "delivered": Words("本人が受け取り", "taken by the person"),
    "withdraw": Words("同意を終了", "consents ended"),
    "erase": Words("鍵を破壊し、文書を消去", "key destroyed, documents deleted"),
}
_COUNTED = {
    "package": Words("バイト", "bytes"),
    "withdraw": Words("種類", "kinds"),
    "erase": Words("文書", "documents"),
}
_HASH = 12
"""So many letters of a hash are shown; summary.json has all."""


def requested(told: Requested) -> str:
    """The section."""
    intro = w.REQUEST_WHY.filled(number=told.number, due=told.due_on or "–", folder=FOLDER)
    parts = [f"<p>{both(intro)}</p>", _days(told)]
    if told.package:
        parts += [_found(told), _evidence(told), _letters(told)]
        sealed = w.AUDITED.filled(entries=told.audit_entries)
        parts.append(f"<p>{both(sealed)}</p>")
    return section(w.REQUEST, "".join(parts))


def _days(told: Requested) -> str:
    heads = [(w.WHEN, ""), (w.WHAT, ""), (w.DAYS_LEFT, "n")]
    return table(heads, map(_happened, told.happened), caption=both(w.CASE_DAYS), name=_named(w.CASE_DAYS), kind="case")


def _happened(one: Happened) -> str:
    at = datetime.fromisoformat(one.at)
    return row(f"{at:%m-%d %H:%M}", [f'<td class="said">{both(one.what)}</td>', number(one.days_left)])


def _found(told: Requested) -> str:
    rows = told.package.rows if told.package else {}
    heads = [(w.KIND, ""), (w.IN_PACKAGE, "n"), (w.DELETED, "n")]
    kinds = [kind for kind in Kind if kind in rows or kind in told.erased]
    lines = (row(both(w.KINDS[kind]), [number(rows.get(kind, 0)), number(told.erased.get(kind, 0))]) for kind in kinds)
    return table(heads, lines, caption=both(w.FOUND), name=_named(w.FOUND), kind="case")


def _evidence(told: Requested) -> str:
    heads = [(w.DONE, ""), (w.WHEN, ""), (w.COUNTED, "n"), (w.PROOF, "")]
    return table(heads, map(_proof, told.evidence), caption=both(w.EVIDENCE), name=_named(w.EVIDENCE), kind="case")


def _proof(one: dict[str, Any]) -> str:
    task, count = one["task"], one.get("count", 0)
    shown = one["proof"] if len(one["proof"]) <= 2 * _HASH else f"{one['proof'][: 2 * _HASH]}…"
    unit = _COUNTED.get(task)
    counted = both(Words(f"{count:,} {unit.ja}", unit.en)) if unit else ""
    return row(both(_TASKS[task]), [cell(clock(one["at"]), "at"), f'<td class="n both">{counted}</td>', cell(shown)])


def _letters(told: Requested) -> str:
    heads = [(w.FILE, ""), (w.WHAT, ""), (w.PAGES, "n"), (Words("ハッシュ（先頭）", "SHA-256, its beginning"), "")]
    lines = (
        row(escape(one.file), [cell(one.title), number(one.pages), cell(one.sha256[:_HASH])]) for one in told.letters
    )
    return table(heads, lines, caption=both(w.LETTERS), name=_named(w.LETTERS), kind="case")


def _named(words: Words) -> str:
    return f"{words.ja} / {words.en}"
