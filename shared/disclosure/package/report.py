"""The report that people read, and may hand to a doctor: the main facts and charts of each kind, as one PDF."""

import asyncio
import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from shared.disclosure.package import consents, records
from shared.disclosure.package.charts import svg
from shared.disclosure.package.measurements import KindTold
from shared.disclosure.package.model import Category, LeftOut, Order
from shared.disclosure.package.pictures import look_of, month_rows, months_chart, typical, year_chart
from shared.disclosure.package.ports import Typeset
from shared.disclosure.package.readme import zone_names
from shared.disclosure.package.redaction import Withheld
from shared.disclosure.package.tables import cell
from shared.disclosure.package.terms import VALUES
from shared.disclosure.package.words import CATEGORIES, GROUNDS, WORDS, Say
from shared.errors import InvalidInput
from shared.measurement.civil import ZoneTimeline
from shared.papers.dates import english_date
from shared.policy.model import Notice, Words
from shared.vocabulary import Kind, Language, Purpose

Json: TypeAlias = dict[str, Any]
MOST_YEARS = 10
"""Drawn day by day, of each kind."""
_MOST_FIELDS = 6
_MOST_CHARS = 300
_AS_CARDS = (Category.PROFILE, Category.CONNECTIONS, Category.INQUIRIES)
"""Few, or long: each field has a line of its own."""
_KINDS, _PURPOSES = frozenset(Kind), frozenset(Purpose)
_FOR_PROGRAMS = ("recipient", "sha256", "size_bytes", "epoch", "notice", "details")
_TIMES = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)\S*")
_POINTS = re.compile(r"U\+([0-9A-F]{4,6})")
_GETA = "〓"
"""What Japanese printers set for a letter that they do not have."""
_TRIES = 20


class Report:
    """Gathers what is told, and sets it."""

    def __init__(self, order: Order, notice: Notice, zones: ZoneTimeline) -> None:
        self._order, self._contents, self._zones, self._say = order, notice.contents, zones, Say(order.language)
        self._kinds: list[KindTold] = []
        self._sections: list[Json] = []
        self._whose: list[tuple[str, str]] = []

    def add_kind(self, told: KindTold) -> None:
        """Tell of a kind."""
        self._kinds.append(told)

    def add_consents(self, told: consents.Told) -> None:
        """Tell of the newest decisions."""
        head = [self._say(key) for key in ("at", "purpose", "kind", "to", "state", "by")]
        rows = [list(map(_short, row)) for row in reversed(told.rows)]
        self._section(Category.CONSENTS, consents.HISTORY, head, rows, told.count)

    def add_records(self, category: Category, told: records.Told) -> None:
        """Tell of the newest records of a category."""
        language = self._order.language
        fields = [one for one in told.fields if one not in _FOR_PROGRAMS]
        head = [records.label(one, language) for one in fields]
        rows = [[self._value(one.fields.get(name)) for name in fields] for one in told.records]
        if category is Category.PROFILE:
            named = (dict(zip(fields, row, strict=True)) for row in rows)
            self._whose = [(one, told[one]) for told in named for one in ("name", "born_on") if told.get(one)]
        if category in _AS_CARDS:
            cards = [[[h, v] for h, v in zip(head, row, strict=True) if v] for row in rows]
            self._section(category, f"{category}.csv", [], [], told.count, cards)
        else:
            head, rows = head[:_MOST_FIELDS], [row[:_MOST_FIELDS] for row in rows]
            self._section(category, f"{category}.csv", head, rows, told.count)

    def _section(
        self,
        category: Category,
        file: str,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        count: int,
        cards: Sequence[Any] = (),
    ) -> None:
        shown = len(rows) or len(cards)
        more = self._say("more", shown=shown, file=file) if count > shown else self._say("all", file=file)
        self._sections.append(
            {
                "place": list(Category).index(category),
                "title": CATEGORIES[category].of(self._order.language),
                "head": head,
                "rows": rows,
                "cards": cards,
                "note": more if count else self._say("nothing"),
            }
        )

    async def typeset(self, left_out: Sequence[LeftOut], typeset: Typeset) -> bytes:
        """The PDF. Letters that no font has are marked as missing: they are in the other files. Raises as `typeset`."""
        data, images = await asyncio.to_thread(self._told, left_out)
        title = self._say("title")
        for _ in range(_TRIES):
            try:
                return await typeset(
                    "package", data, language=self._order.language, title=title, at=self._order.at, images=images
                )
            except InvalidInput as fault:
                missing = {chr(int(one, 16)) for one in _POINTS.findall(fault.detail)}
                if fault.code != "glyph_missing" or not missing:
                    raise
                data = _replaced(data, missing)
        raise InvalidInput("glyph_missing")

    def _told(self, left_out: Sequence[LeftOut]) -> tuple[Json, dict[str, str]]:
        order, say, language = self._order, self._say, self._order.language
        images: dict[str, str] = {}
        controller = self._contents.controller
        body = self._contents.accredited_body
        facts = [
            [say("case"), order.number],
            *([records.label(field, language), value] for field, value in self._whose),
            [say("period"), say("dates", first=self._date(order.first), last=self._date(order.last))],
            [say("zone"), zone_names(self._zones)],
            [say("made_at"), _moment(order.at, self._zones)],
            [say("controller"), controller.name.of(language)],
        ]
        contact = controller.contact
        data = {
            "words": {key: words.of(language) for key, words in WORDS.items()},
            "facts": facts,
            "kinds": [self._kind(told, images) for told in self._kinds],
            "sections": sorted(self._sections, key=lambda one: int(one["place"])),
            "left_out": [
                [
                    say("withheld.passage", where=one.where) if one.passage else one.where,
                    GROUNDS[one.ground].of(language),
                ]
                for one in left_out
            ],
            "contacts": [
                [
                    say("desk"),
                    f"{controller.name.of(language)} {contact.name.of(language)}",
                    f"{contact.email}  TEL {contact.tel}  FAX {contact.fax}",
                ],
                [
                    say("complaints"),
                    f"{body.name.of(language)} {body.contact.of(language)}",
                    f"{body.email}  {body.hours.of(language)}\n{body.note.of(language)}",
                ],
            ],
        }
        return data, images

    def _kind(self, told: KindTold, images: dict[str, str]) -> Json:
        kind, say, days = told.kind, self._say, told.days
        title = self._contents.kinds[kind].of(self._order.language)
        look = look_of(kind, say)
        shown: Json = {
            "title": title,
            "unit": look.unit,
            "reading": say(look.reading),
            "count": f"{sum(told.points.values()):,}",
            "days": f"{len(days):,}",
            "first": days[0].on.isoformat() if days else "",
            "last": days[-1].on.isoformat() if days else "",
            "mean": typical(kind, days, say) if days else "",
            "note": "",
            "years": [],
        }
        if not days:
            return shown
        years = sorted({day.on.year for day in days})
        if len(years) > 1:
            name = f"{kind}-months"
            chart = months_chart(kind, say("chart.month", kind=title), days, say)
            images[name] = svg(chart)
            shown["months"] = {"image": name, "alt": chart.described}
        if len(years) > MOST_YEARS:
            shown["note"] = say("years.cut", years=MOST_YEARS)
        for year in reversed(years[-MOST_YEARS:]):
            name = f"{kind}-{year}"
            of_year = [day for day in days if day.on.year == year]
            chart = year_chart(kind, say("chart.day", kind=title, year=year), of_year, year, say)
            images[name] = svg(chart)
            rows = month_rows(kind, of_year, year, say)
            shown["years"].append({"year": str(year), "image": name, "alt": chart.described, "rows": rows})
        return shown

    def _date(self, on: dt.date) -> str:
        if self._order.language is Language.JA:
            return f"{on.year}年{on.month}月{on.day}日"
        return english_date(on)

    def _value(self, value: Any) -> str:
        language = self._order.language
        if isinstance(value, Withheld):
            return _short(str(cell(value, self._zones, language)))
        if isinstance(value, bool):
            return {True: Words(ja="はい", en="yes"), False: Words(ja="いいえ", en="no")}[value].of(language)
        if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            return _short(("、" if language is Language.JA else ", ").join(self._word(one) for one in value))
        if isinstance(value, str):
            return _short(self._word(value))
        if isinstance(value, dict):
            return "  ".join(shown for one in value.values() if (shown := self._value(one)))
        if isinstance(value, list | tuple):
            return "\n".join(self._value(one) for one in value)
        return _short(str(cell(value, self._zones, language)))

    def _word(self, code: str) -> str:
        """What a code is called; anything else as it is."""
        language = self._order.language
        if code in _KINDS:
            return self._contents.kinds[Kind(code)].of(language)
        if code in _PURPOSES and Purpose(code) in self._contents.purposes:
            return self._contents.purposes[Purpose(code)].title.of(language)
        known = VALUES.get(code)
        return known.of(language) if known else code


def _moment(at: dt.datetime, zones: ZoneTimeline) -> str:
    return _short(str(cell(at, zones, Language.EN)))


def _short(text: str) -> str:
    """As a page has room for: times to the minute, and not too much."""
    text = _TIMES.sub(r"\1 \2", text)
    return text if len(text) <= _MOST_CHARS else text[:_MOST_CHARS] + "…"


def _replaced(value: Any, missing: set[str]) -> Any:
    if isinstance(value, str):
        return "".join(_GETA if letter in missing else letter for letter in value)
    if isinstance(value, dict):
        return {key: _replaced(one, missing) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(one, missing) for one in value]
    return value
