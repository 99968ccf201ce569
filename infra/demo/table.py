"""The summary at the terminal, in both languages: readable at 80 columns, fuller where there is room."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.demo import words as w
from infra.demo.people import Words
from infra.demo.stage import Check
from infra.demo.summary import KindSeen, PersonSeen, Summary
from infra.demo.telling import listed, stacked
from shared.measurement.limits import Reason

_WIDE = 124
_MEDIAN = Words(
    "Google の呼び出し {google_calls:.0f} 回、保存先の読み取り {store_reads:.0f} 回、書き込み {store_writes:.0f} 回",
    "{google_calls:.0f} calls to Google, {store_reads:.0f} store reads, {store_writes:.0f} writes",
)


def show(summary: Summary, console: Console) -> None:
    """Who has what, what it took, and whether it is right."""
    wide = console.width >= _WIDE
    tables = [_people(summary, wide=wide), *([_recordings(summary)] if summary.recordings else []), _costs(summary)]
    for table in tables:
        console.print("", table, sep="\n")
    console.print()
    console.print(_beside(w.CHECKED, "bold"))
    console.print()
    listed(console, map(_check, summary.checks))
    console.print()
    verdict = _beside(w.GOOD if summary.ok else w.BAD, "bold green" if summary.ok else "bold red")
    console.print(Text.assemble(verdict, f"  {sum(summary.seconds.values()):.0f} s\n"))


def _table(title: Words, *, header: bool = True) -> Table:
    return Table(
        title=_beside(title, "bold"),
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD,
        show_header=header,
        collapse_padding=True,
        pad_edge=False,
        show_edge=False,
    )


def _beside(words: Words, style: str = "") -> Text:
    """Both languages on one line."""
    return Text.assemble((words.ja, style), " ", (words.en, style or "dim"))


def _people(summary: Summary, *, wide: bool) -> Table:
    table = _table(w.WHO)
    table.add_column("", no_wrap=True)
    table.add_column(stacked(w.COUNT), justify="right", no_wrap=True)
    if wide:
        table.add_column(stacked(w.HELD), justify="right", no_wrap=True)
    table.add_column(stacked(w.NEWEST), no_wrap=True)
    table.add_column(stacked(w.STATE))
    table.add_column(stacked(w.COMPLETE), no_wrap=True)
    if wide:
        table.add_column(stacked(w.EACH), justify="right", no_wrap=True)
    for person in summary.people:
        table.add_row(_beside(person.name, "bold"))
        for kind in person.kinds:
            if kind.points or kind.held_by_google or not kind.complete:
                table.add_row(*_row(kind, wide=wide))
        for what, silent in _silent(person).items():
            count = Words(f" {len(silent)} 種類", f" {len(silent)} kinds")
            table.add_row(stacked(count), "", *([""] if wide else []), "", stacked(w.STATES[what]))
        table.add_section()
    return table


def _row(kind: KindSeen, *, wide: bool) -> list[str | Text]:
    newest = f"{kind.newest[0 if wide else 5 : 10]} {kind.newest[11:16]}" + (kind.newest[-6:] if wide else "")
    row: list[str | Text] = [Text.assemble(" ", _beside(w.KINDS[kind.kind])), f"{kind.points:,}"]
    if wide:
        row.append(f"{kind.held_by_google:,}")
    state = _beside(w.STATES[kind.state], "green" if kind.state == "active" else "yellow")
    row += [newest if kind.newest else "", state, _told(kind.complete)]
    if wide:
        row.append("" if kind.bytes_per_sample is None else f"{kind.bytes_per_sample:,.1f}")
    return row


def _told(good: bool) -> Text:
    return _beside(w.YES, "green") if good else _beside(w.NO, "bold red")


def _silent(person: PersonSeen) -> dict[str, list[KindSeen]]:
    """Kinds without a point: those there is no device for, and those not agreed to."""
    found: dict[str, list[KindSeen]] = {}
    for kind in person.kinds:
        if not kind.points and not kind.held_by_google and kind.complete:
            found.setdefault("no data" if kind.granted else "not granted", []).append(kind)
    return found


def _costs(summary: Summary) -> Table:
    table = _table(w.COSTS, header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    calls = summary.google_calls
    table.add_row(stacked(w.GOOGLE_CALLS), f"{sum(calls.values()):,}", _parts(calls))
    table.add_row(stacked(w.REQUESTS), f"{sum(summary.requests.values()):,}", _parts(summary.requests))
    for what, words in (("store_reads", w.READS), ("store_writes", w.WRITES)):
        parts = {name: cost.get(what, 0) for name, cost in summary.by_function.items()}
        table.add_row(stacked(words), f"{summary.total(what):,}", _parts(parts))
    table.add_row(stacked(w.MEDIAN), "", stacked(_MEDIAN.filled(**summary.median_sync)))
    n = summary.tasks["delivered"]
    delivered = Words(f"配達 {n:,} 回（一部は二重）", f"delivered {n:,} times, some of them twice")
    table.add_row(stacked(w.TASKS), f"{summary.tasks['created']:,}", stacked(delivered))
    if summary.points:
        size = Words(
            f"{summary.points:,} 件、暗号化後 {summary.sealed_bytes:,} バイト",
            f"{summary.points:,} points in {summary.sealed_bytes:,} sealed bytes",
        )
        table.add_row(stacked(w.EACH), f"{summary.sealed_bytes / summary.points:.1f}", stacked(size))
    kinds = [kind for person in summary.people for kind in person.kinds]
    aside = [(w.KINDS[kind.kind], w.REASONS[Reason(why)], n) for kind in kinds for why, n in kind.set_aside.items()]
    reasons = [stacked(Words(f"{k.ja}：{why.ja} {n:,} 件", f"{k.en}: {n:,} × {why.en}")) for k, why, n in aside]
    table.add_row(stacked(w.ASIDE), f"{sum(n for _, _, n in aside):,}", Text("\n").join(reasons))
    seconds = [Text.assemble(f"{s:.1f} ", _beside(w.SECONDS[name])) for name, s in summary.seconds.items()]
    table.add_row(stacked(w.TOOK), f"{sum(summary.seconds.values()):.1f}", Text("\n").join(seconds))
    return table


def _parts(parts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for n, name in sorted(((n, name) for name, n in parts.items() if n), reverse=True))


def _recordings(summary: Summary) -> Table:
    assert summary.recordings is not None
    table = _table(w.FILES)
    table.add_column(stacked(w.FILE), overflow="fold")
    table.add_column(stacked(w.SERVED), overflow="fold")
    for name in summary.recordings.used:
        table.add_row(name, _beside(w.YES, "green"))
    for name, reason in summary.recordings.unusable.items():
        table.add_row(name, Text.assemble(_beside(w.NO, "yellow"), f": {reason}"))
    return table


def _check(check: Check) -> tuple[Text, Words]:
    what, seen = check.what, check.seen
    return _told(check.good), Words(f"{what.ja}：{seen.ja}", f"{what.en}: {seen.en}")
