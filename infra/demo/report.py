"""The report: one page that needs nothing but itself, without a script, in Japanese and English."""

import datetime as dt
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from infra.demo import words as w
from infra.demo.charts import Chart, chart
from infra.demo.handing_on import NAME, HandedOn, clock
from infra.demo.html import both, cell, number, row, section, table
from infra.demo.people import Words
from infra.demo.request_report import requested
from infra.demo.summary import KindSeen, PersonSeen, Summary
from shared.measurement.limits import Reason

_STYLE = Path(__file__).with_name("report.css")
_FEWEST_DAYS = 14
_JAPAN = ZoneInfo("Asia/Tokyo")


def report(summary: Summary) -> str:
    """The whole page."""
    parts = [_header(summary), _figures(summary), _story(summary), _checks(summary)]
    parts += [_person(person) for person in summary.people]
    if summary.handed_on:
        parts.append(_handed_on(summary.handed_on))
    if summary.request:
        parts.append(requested(summary.request))
    parts.append(_costs(summary))
    if summary.recordings:
        parts.append(_files(summary))
    return (
        '<!doctype html><html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>KAGAMINO {escape(w.TITLE.ja)} / {escape(w.TITLE.en)}</title>"
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>"
        f"{parts[0]}<main>{''.join(parts[1:])}</main><footer><p>{both(w.MADE_FROM)}</p></footer></body></html>\n"
    )


def _header(summary: Summary) -> str:
    about = w.MADE_UP if summary.source == "simulated" else w.RECORDED
    verdict, kind = (w.GOOD, "good") if summary.ok else (w.BAD, "bad")
    began, ended = (dt.datetime.fromisoformat(at).astimezone(_JAPAN) for at in (summary.began, summary.ended))
    span = Words(f"{began:%Y-%m-%d %H:%M} – {ended:%Y-%m-%d %H:%M}（日本時間）", "Japan time")
    return (
        f'<header><h1>KAGAMINO {both(w.TITLE)}</h1><p class="when">{both(span)}</p><p>{both(about)}</p>'
        f'<p class="verdict {kind}">{both(verdict)}</p></header>'
    )


def _figures(summary: Summary) -> str:
    each = summary.sealed_bytes / summary.points if summary.points else 0.0
    figures = [
        (Words("保存した計測値", "Points stored"), f"{summary.points:,}"),
        (Words("1件あたりのバイト数", "Bytes a sample, sealed"), f"{each:.1f}"),
        (w.GOOGLE_CALLS, f"{sum(summary.google_calls.values()):,}"),
        (Words("保存先の読み取り", "Store reads"), f"{summary.total('store_reads'):,}"),
        (Words("保存先への書き込み", "Store writes"), f"{summary.total('store_writes'):,}"),
        (Words("関数への要求", "Requests to functions"), f"{sum(summary.requests.values()):,}"),
        (w.TOOK, f"{sum(summary.seconds.values()):.0f}"),
    ]
    body = "".join(f"<div><dt>{both(words)}</dt><dd>{value}</dd></div>" for words, value in figures)
    return section(w.FIGURES, f'<dl class="figures">{body}</dl>')


def _story(summary: Summary) -> str:
    days: dict[dt.date, list[str]] = {}
    for step in summary.story:
        at = dt.datetime.fromisoformat(step.at)
        told = f'<li><time datetime="{step.at}">{at:%H:%M}</time><p>{both(step.what)}</p></li>'
        days.setdefault(at.date(), []).append(told)
    listed = []
    for on, steps in days.items():
        name = w.DAY.filled(n=(on - min(days)).days + 1)
        weekday = w.WEEKDAYS[on.weekday()]
        date = Words(f"{on}（{weekday.ja}）", weekday.en)
        listed.append(f'<li><h3>{both(name)}</h3><p class="date">{both(date)}</p><ol>{"".join(steps)}</ol></li>')
    return section(w.STORY, f'<p>{both(w.STORY_TIMES)}</p><ol class="story">{"".join(listed)}</ol>')


def _checks(summary: Summary) -> str:
    listed = "".join(
        f'<li><span class="mark {_good(check.good)}">{both(w.YES if check.good else w.NO)}</span>'
        f'<div><p>{both(check.what)}</p><p class="seen">{both(check.seen)}</p></div></li>'
        for check in summary.checks
    )
    return section(w.CHECKED, f'<ul class="checks">{listed}</ul>')


def _good(good: bool) -> str:
    return "good" if good else "bad"


def _told(good: bool) -> str:
    return f'<td class="both {_good(good)}">{both(w.YES if good else w.NO)}</td>'


def _person(person: PersonSeen) -> str:
    heads = [(w.KIND, ""), (w.STATE, ""), (w.POINTS, "n"), (w.HELD, "n"), (w.COMPLETE, ""), (w.NEWEST, "")]
    heads += [(w.ASIDE, ""), (w.EACH, "n")]
    kinds = table(heads, map(_kind, person.kinds), name=f"{person.name.ja} / {person.name.en}", kind="wide")
    days = [dt.date.fromisoformat(day["on"]) for kind in person.kinds for day in kind.days]
    if not days:
        return section(person.name, f"<p>{both(person.about)}</p>{kinds}", name="person")
    first, last = min(days), max(days)
    first = min(first, last - dt.timedelta(days=_FEWEST_DAYS - 1))
    drawn = (_figure(person, chart(kind.kind, kind.days, first, last)) for kind in person.kinds if kind.days)
    charts = f'<div class="charts">{"".join(drawn)}</div>'
    return section(person.name, f"<p>{both(person.about)}</p>{kinds}{charts}", name="person")


def _handed_on(handed_on: list[HandedOn]) -> str:
    heads = [
        (w.KIND, ""),
        (w.READINGS, "n"),
        (w.LAST_POINTS, "n"),
        (w.LAST_READ, ""),
        (w.TAKEN_BACK, ""),
        (w.ANSWERED, ""),
    ]
    rows = (
        row(
            both(w.KINDS[one.kind]),
            [
                number(one.reads),
                number(one.points),
                cell(clock(one.last_read_at), "at"),
                cell(clock(one.withdrawn_at), "at"),
                f'<td class="both">{both(_answered(one))}</td>',
            ],
        )
        for one in handed_on
    )
    name = f"{w.HANDED_ON.ja} / {w.HANDED_ON.en}"
    return section(
        w.HANDED_ON, f"<p>{both(w.HANDED_WHY.filled(hospital=NAME))}</p>{table(heads, rows, name=name, kind='wide')}"
    )


def _answered(one: HandedOn) -> Words:
    return w.REFUSED.filled(n=one.refused, code=one.refused_with) if one.refused else w.STILL_READ


def _kind(kind: KindSeen) -> str:
    state = w.STATES["no data"] if kind.granted and not kind.held_by_google else w.STATES[kind.state]
    newest = f"{kind.newest[:10]} {kind.newest[11:16]} {kind.newest[-6:]}" if kind.newest else ""
    aside = " ".join(f"{n} × {both(w.REASONS[Reason(reason)])}" for reason, n in kind.set_aside.items())
    return row(
        both(w.KINDS[kind.kind]),
        [
            f'<td class="both">{both(state)}</td>',
            number(kind.points),
            number(kind.held_by_google),
            _told(kind.complete) if kind.held_by_google or not kind.complete else cell("–"),
            cell(newest, "at"),
            f"<td>{aside}</td>",
            number(kind.bytes_per_sample, 1),
        ],
    )


def _figure(person: PersonSeen, drawn: Chart) -> str:
    label = f"{person.uid}-{drawn.kind}"
    legend = "".join(f"<li>{_swatch(mark)}<span>{both(words)}</span></li>" for mark, words in drawn.legend)
    return (
        f"<figure><figcaption><h3>{both(w.KINDS[drawn.kind])}</h3>"
        f'<p class="span">{_unit(drawn.unit)}<br>{drawn.frame.first} – {drawn.frame.last}</p></figcaption>'
        f'{drawn.svg(label)}<ul class="legend">{legend}</ul>'
        f"<details><summary>{both(w.TABLE)}</summary>{_numbers(drawn)}</details></figure>"
    )


def _unit(unit: Words) -> str:
    return escape(unit.ja) if unit.ja == unit.en else both(unit)


def _swatch(mark: str) -> str:
    shape = "M0 6h22" if mark.startswith("stroke") else "M3 0h16v12h-16z"
    return f'<svg viewBox="0 0 22 12" aria-hidden="true"><path class="{mark}" d="{shape}"/></svg>'


def _numbers(drawn: Chart) -> str:
    days = sorted({on for column in drawn.columns for on in column.values}, reverse=True)
    rows = (row(f"{on}", [number(column.values.get(on), column.decimals) for column in drawn.columns]) for on in days)
    heads = [(w.DATE, ""), *((column.name, "n") for column in drawn.columns)]
    kind = w.KINDS[drawn.kind]
    return table(heads, rows, caption=f"{both(kind)} ({_unit(drawn.unit)})", name=f"{kind.ja} / {kind.en}")


def _costs(summary: Summary) -> str:
    calls = table(
        [(w.ENDPOINT, ""), (w.CALLS, "n")],
        (row(name, [number(n)]) for name, n in sorted(summary.google_calls.items(), key=lambda one: -one[1])),
    )
    heads = [(w.FUNCTION, ""), (w.REQUESTS, "n"), (w.READS, "n"), (w.WRITES, "n")]
    costs = summary.by_function
    by_function = (
        row(name, [number(n), *(number(costs[name].get(what, 0)) for what in ("store_reads", "store_writes"))])
        for name, n in sorted(summary.requests.items(), key=lambda one: -one[1])
    )
    heads_s = [(w.WHAT, ""), (Words("秒", "seconds"), "n")]
    seconds = (row(both(w.SECONDS[name]), [number(s, 1)]) for name, s in summary.seconds.items())
    return section(w.COSTS, table(heads, by_function) + calls + table(heads_s, seconds), name="costs")


def _files(summary: Summary) -> str:
    assert summary.recordings is not None
    rows = [row(escape(name), [_told(True), cell("")]) for name in summary.recordings.used]
    rows += [row(escape(name), [_told(False), cell(why)]) for name, why in summary.recordings.unusable.items()]
    return section(w.FILES, table([(w.FILE, ""), (w.SERVED, ""), (w.WHY, "")], rows))
