"""What is left out is left out where it is read: nothing that writes a file ever sees it.

So no format has to be looked through, nor any hash or signature: they are made of what is left. A redaction that meets
nothing is a fault, since somebody meant something by it, which would then be told.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import compress
from typing import Any, NamedTuple

import msgspec

from shared.consent.ledger import Event
from shared.consent.ports import Recipient
from shared.disclosure.package.model import RECIPIENTS, Category, Ground, LeftOut, Order, Place, Redaction, place_of
from shared.disclosure.package.ports import Record
from shared.errors import InvalidInput
from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import FIELDS, Day, Points, SetAside
from shared.policy.model import Words
from shared.vocabulary import Kind

MARK = "■■■■"
"""Stands for a passage, however long it is."""
WITHHELD = Words(ja="（不開示）", en="(withheld)")


class Withheld(msgspec.Struct, frozen=True):
    """Stands in a record where a value is left out."""

    withheld: Ground


class _Rule(NamedTuple):
    number: int
    redaction: Redaction
    place: Place
    spans: Sequence[tuple[int, int]] | None
    """Of measurements: the instants; None for always."""

    @property
    def text(self) -> str:
        return folded(self.redaction.text)

    @property
    def ground(self) -> Ground:
        return self.redaction.ground

    @property
    def whole(self) -> bool:
        """It names everything of a category, or of a kind: then it is right even where there is nothing."""
        place = self.place
        everything = place.record == "*" or place.section == Category.MEASUREMENTS
        return not self.text and everything and not place.field and place.days is None

    def over(self, start_ns: int, end_ns: int) -> bool:
        """Whether a point of these times has to do with the dates that are meant."""
        if self.spans is None:
            return True
        return any(start_ns < until and max(end_ns, start_ns + 1) > since for since, until in self.spans)


class Redactions:
    """Everything that one order leaves out. Raises InvalidInput `redaction_invalid`."""

    def __init__(self, order: Order, zones: ZoneTimeline) -> None:
        sections = {"*", RECIPIENTS, *order.categories}
        self._rules: list[_Rule] = []
        self._met: set[int] = set()
        for number, redaction in enumerate(order.redactions, 1):
            place = place_of(redaction)
            spans = [(p.start_ns, p.end_ns) for p in zones.pieces_of(*place.days)] if place.days else None
            rule = _Rule(number, redaction, place, spans)
            if place.section in sections:
                self._rules.append(rule)
                self._met |= {number} if rule.whole else set()

    def left_out(self) -> list[LeftOut]:
        """What was left out. Raises InvalidInput `redaction_unmatched`: some redaction has met nothing."""
        unmet = [str(rule.number) for rule in self._rules if rule.number not in self._met]
        if unmet:
            raise InvalidInput("redaction_unmatched", f"redactions: {', '.join(unmet)}, counted from 1")
        return [LeftOut(rule.redaction.path, rule.ground, bool(rule.text)) for rule in self._rules]

    def all_of(self, category: Category) -> bool:
        """Whether nothing of a category may be told."""
        return any(rule.whole and rule.place == Place(category) for rule in self._rules)

    # records

    def record(self, category: Category, record: Record) -> Record | None:
        """The record without what is left out; None where all of it is."""
        fields = dict(record.fields)
        for rule in self._of(category, record.id):
            if not rule.text and not rule.place.field:
                self._met.add(rule.number)
                return None
            fields = self._changed(rule, fields, rule.place.field)
        return Record(record.id, fields)

    def recipient(self, one: Recipient) -> Recipient:
        """Whom something is given to, without what is left out of them."""
        for rule in self._of(RECIPIENTS, one.id):
            said = {"name": {"ja": one.name.ja, "en": one.name.en}, "address": one.address, "contact": one.contact}
            left = self._changed(rule, said, rule.place.field) if rule.text or rule.place.field else {}
            name = left.get("name")
            if not left:
                self._met.add(rule.number)
            one = one._replace(
                name=Words(**{k: _written(v) for k, v in name.items()}) if isinstance(name, dict) else WITHHELD,
                address=_written(left.get("address", "")),
                contact=_written(left.get("contact", "")),
            )
        return one

    def event(self, event: Event) -> Event:
        """A line of the ledger without what is left out of it, its hash as it was."""
        giver = event.giver
        said = {
            "authority": giver.authority,
            "evidence": giver.evidence,
            "screen": event.screen,
            "reason": event.reason,
        }
        left: dict[str, Any] = {key: value for key, value in said.items() if value}
        for rule in self._of(Category.CONSENTS, str(event.number)):
            left = self._changed(rule, left, rule.place.field)
        if left == said:
            return event
        told = {key: _written(left.get(key, "")) for key in said}
        return msgspec.structs.replace(
            event,
            giver=msgspec.structs.replace(giver, authority=told["authority"], evidence=told["evidence"]),
            screen=told["screen"],
            reason=told["reason"],
        )

    def _of(self, section: str, record: str) -> Iterable[_Rule]:
        for rule in self._rules:
            place = rule.place
            if place.section == "*" or (place.section == section and place.record in ("*", record)):
                yield rule

    def _changed(self, rule: _Rule, tree: Mapping[str, Any], field: Sequence[str]) -> dict[str, Any]:
        def withheld(value: Any) -> Any:
            if value is None or value == "":
                return value
            if not rule.text:
                self._met.add(rule.number)
                return Withheld(rule.ground)
            return _mapped(value, lambda one: self._without(rule, one))

        changed: dict[str, Any] = _at(tree, field, withheld)
        return changed

    def _without(self, rule: _Rule, value: Any) -> Any:
        """A single value without a text. What is written otherwise than people wrote it is left out whole."""
        if isinstance(value, bool | datetime | Withheld) or rule.text not in folded(str(value)):
            return value
        self._met.add(rule.number)
        if not isinstance(value, str):
            return Withheld(rule.ground)
        left = value.replace(rule.redaction.text, MARK)
        return Withheld(rule.ground) if rule.text in folded(left) else left

    # measurements

    def masking(self, kind: Kind) -> bool:
        """Whether any value of this kind is left out on purpose."""
        return any(rule.place.field for rule in self._of_kind(kind))

    def masks(self, kind: Kind, field: str, start_ns: int, end_ns: int) -> bool:
        """Whether this value of a point is left out on purpose."""
        return any((field,) == rule.place.field and rule.over(start_ns, end_ns) for rule in self._of_kind(kind))

    def day(self, kind: Kind, day: Day) -> Day:
        """The day without what is left out."""
        for rule in self._of_kind(kind):
            if rule.text:
                day = self._day_without_text(rule, day)
            elif rule.place.field:
                day = self._day_without_field(rule, day)
            else:
                day = self._day_without_points(rule, day)
        return day

    def _of_kind(self, kind: Kind) -> Iterable[_Rule]:
        return self._of(Category.MEASUREMENTS, kind)

    def _day_without_points(self, rule: _Rule, day: Day) -> Day:
        points = day.points
        kept = [not rule.over(*times) for times in zip(points.start_ns, points.end_ns, strict=True)]
        aside = [one for one in day.set_aside if not _aside_over(rule, one)]
        if all(kept) and len(aside) == len(day.set_aside):
            return day
        self._met.add(rule.number)
        return Day(day.on, Points.of_rows(points.kind, compress(points.rows(), kept)), aside)

    def _day_without_field(self, rule: _Rule, day: Day) -> Day:
        points, [field] = day.points, rule.place.field
        meant = [rule.over(*times) for times in zip(points.start_ns, points.end_ns, strict=True)]
        aside = [_emptied(one) if _aside_over(rule, one) else one for one in day.set_aside]
        if not any(meant) and aside == day.set_aside:
            return day
        self._met.add(rule.number)
        names = [one.name for one in FIELDS[points.kind]]
        values = [
            [None if no else value for no, value in zip(meant, column, strict=True)] if name == field else column
            for name, column in zip(names, points.values, strict=True)
        ]
        origin = points.origin
        if field == "origin":
            origin = ["" if no else one for no, one in zip(meant, origin, strict=True)]
        return Day(day.on, msgspec.structs.replace(points, values=values, origin=origin), aside)

    def _day_without_text(self, rule: _Rule, day: Day) -> Day:
        points = day.points
        told = {text: _written(self._without(rule, text)) for text in {*points.origin, *points.name}}
        aside = [
            _emptied(one) if rule.text in folded(one.raw.decode("utf-8", "replace")) else one for one in day.set_aside
        ]
        self._met |= {rule.number} if aside != day.set_aside else set()
        origin, name = [told[one] for one in points.origin], [told[one] for one in points.name]
        return Day(day.on, msgspec.structs.replace(points, origin=origin, name=name), aside)


def folded(text: str) -> str:
    """A text as it counts for finding: neither width, nor case, nor spaces, nor what is invisible."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in wide if not one.isspace() and unicodedata.category(one) not in ("Cf", "Cc"))


def _written(value: Any) -> str:
    return MARK if isinstance(value, Withheld) else str(value)


def _aside_over(rule: _Rule, one: SetAside) -> bool:
    return one.start_ns is None or rule.over(one.start_ns, one.start_ns)


def _emptied(one: SetAside) -> SetAside:
    return msgspec.structs.replace(one, raw=b"")


def _at(tree: Any, field: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """`tree` with what lies at `field` changed; "*" is each of a list or a dict."""
    if not field:
        return change(tree)
    step, rest = field[0], field[1:]
    if isinstance(tree, Mapping):
        return {key: _at(value, rest, change) if step in ("*", key) else value for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_at(one, rest, change) if step in ("*", str(place)) else one for place, one in enumerate(tree)]
    return tree


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Every single value in `value` changed."""
    if isinstance(value, Mapping):
        return {key: _mapped(one, change) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(one, change) for one in value]
    return value if value is None else change(value)
