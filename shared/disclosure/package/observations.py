"""Measurements as FHIR R4 Observations, in bundles of a bounded size.

Codes are LOINC's, units UCUM's. What the source says beside the value, and no code is known for, stands in extensions
of our own. Ids count within the package, so that they tell nothing. Sources: hl7.org/fhir/R4/observation.html and its
vital signs profiles, loinc.org, November 2026.
"""

import datetime as dt
import uuid
from typing import Any, TypeAlias

import msgspec

from shared.consent.fhir import URN
from shared.consent.records import subject_of
from shared.disclosure.package.model import Order
from shared.disclosure.package.redaction import Redactions
from shared.disclosure.package.tables import Written
from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import FIELDS, SESSION, Points, is_corrected, is_manual
from shared.measurement.nights import ASLEEP, DEEP, LIGHT, REM
from shared.measurement.rows import WORDS
from shared.vocabulary import Kind

Json: TypeAlias = dict[str, Any]
MOST_ENTRIES = 10_000
"""Of one bundle: some 6 MB."""
_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_CODES: dict[Kind, list[tuple[str, str]]] = {
    Kind.STEPS: [("55423-8", "Number of steps in unspecified time Pedometer")],
    Kind.BLOOD_GLUCOSE: [("15074-8", "Glucose [Moles/volume] in Blood")],
    Kind.BLOOD_PRESSURE: [("85354-9", "Blood pressure panel with all children optional")],
    Kind.WEIGHT: [("29463-7", "Body weight")],
    Kind.HEART_RATE: [("8867-4", "Heart rate")],
    Kind.BODY_TEMPERATURE: [("8310-5", "Body temperature")],
    # The vital signs profile asks for the first; the second says how.
    Kind.OXYGEN_SATURATION: [
        ("2708-6", "Oxygen saturation in Arterial blood"),
        ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
    ],
    Kind.SLEEP: [("93832-4", "Sleep duration")],
}
_SPECIMENS = {
    1: ("14745-4", "Glucose [Moles/volume] in Body fluid"),
    2: ("14743-9", "Glucose [Moles/volume] in Capillary blood by Glucometer"),
    3: ("14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
    4: ("14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
    5: ("14745-4", "Glucose [Moles/volume] in Body fluid"),
}
"""Glucose by specimen, in the source's numbering: interstitial fluid, capillary blood, plasma, serum, tears."""
_STAGES = {
    LIGHT: ("93830-8", "Light sleep duration"),
    DEEP: ("93831-6", "Deep sleep duration"),
    REM: ("93829-0", "REM sleep duration"),
}
_UNITS = {
    "count": ("{steps}", "steps"),
    "mmol_per_l": ("mmol/L", "mmol/L"),
    "systolic_mmhg": ("mm[Hg]", "mmHg"),
    "diastolic_mmhg": ("mm[Hg]", "mmHg"),
    "kg": ("kg", "kg"),
    "bpm": ("/min", "beats/minute"),
    "celsius": ("Cel", "°C"),
    "percent": ("%", "%"),
    "supplemental_flow_l_per_min": ("L/min", "L/min"),
}
_PRESSURES = (("8480-6", "Systolic blood pressure"), ("8462-4", "Diastolic blood pressure"))
_ACTIVITY = (Kind.STEPS, Kind.SLEEP)
_MINUTE_NS = 60_000_000_000
_MOST_KNOWN = 5_000


class Observations:
    """Writes the points of one kind."""

    def __init__(self, order: Order, kind: Kind, zones: ZoneTimeline, redactions: Redactions) -> None:
        self._order, self._kind, self._redactions = order, kind, redactions
        self._written_at = Written(zones)
        self._count = 0
        self._encode = msgspec.json.Encoder().encode
        # A UUID of version 8 (RFC 9562 §5.8): what the package and kind are hashed to, then a number.
        self._ids = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{URN}:package:{order.case}:{kind}"))[:24]
        self._ids = f"{self._ids[:14]}8{self._ids[15:19]}8{self._ids[20:]}"
        category = "activity" if kind in _ACTIVITY else "vital-signs"
        if kind is Kind.BLOOD_GLUCOSE:
            category = "laboratory"
        self._category = [{"coding": [{"system": f"{_TERMS}/observation-category", "code": category}]}]
        subject = {"system": f"{URN}:subject", "value": subject_of(order.uid)}
        self._subject = {"type": "Patient", "identifier": subject}
        self._code = _concept(*_CODES[kind])
        self._extras = [(place, field.name) for place, field in enumerate(FIELDS[kind]) if field.name in WORDS[kind]]
        if kind is Kind.OXYGEN_SATURATION:
            self._extras.append((1, FIELDS[kind][1].name))
        self._masking = redactions.masking(kind)
        self._known: dict[tuple[Any, ...], str] = {}

    def head(self, part: int) -> bytes:
        """How a bundle begins."""
        bundle = {
            "resourceType": "Bundle",
            "id": f"{self._ids}f{part:011x}",
            "type": "collection",
            "timestamp": self._order.at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return self._encode(bundle)[:-1] + b',"entry":['

    def entries(self, points: Points) -> bytes:
        """The points' entries, between commas."""
        return ",\n".join([self._entry(points, at) for at in range(len(points))]).encode()

    def _entry(self, points: Points, at: int) -> str:
        self._count += 1
        ident = f"{self._ids}{self._count:012x}"
        start_ns, end_ns, modified_ms = points.start_ns[at], points.end_ns[at], points.modified_ms[at]
        effective = f'"effectiveDateTime":"{self._written_at(start_ns)}"'
        if start_ns != end_ns:
            period = f'"start":"{self._written_at(start_ns)}","end":"{self._written_at(end_ns)}"'
            effective = f'"effectivePeriod":{{{period}}}'
        issued = f'"issued":"{self._written_at(modified_ms * 1_000_000)}",' if modified_ms else ""
        return (
            f'{{"fullUrl":"urn:uuid:{ident}","resource":{{"resourceType":"Observation","id":"{ident}",'
            f"{effective},{issued}{self._rest(points, at)}}}}}"
        )

    def _rest(self, points: Points, at: int) -> str:
        """All but ids and times, which is alike for many points."""
        lasts_ns = points.end_ns[at] - points.start_ns[at] if self._kind is Kind.SLEEP else 0
        key = (points.origin[at], points.name[at], lasts_ns, *[column[at] for column in points.values])
        if self._masking:
            return self._told(points, at)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = self._told(points, at)
        return known

    def _told(self, points: Points, at: int) -> str:
        resource: Json = {
            "status": "corrected" if is_corrected(points.origin[at]) else "final",
            "category": self._category,
            "code": self._code,
            "subject": self._subject,
            **self._value(points, at),
        }
        if points.origin[at]:
            resource["device"] = {"display": points.origin[at]}
        extension = self._extensions(points, at)
        if extension:
            resource["extension"] = extension
        return self._encode(resource)[1:-1].decode()

    def _value(self, points: Points, at: int) -> Json:
        match self._kind:
            case Kind.BLOOD_PRESSURE:
                component = [
                    {"code": _concept(code), **self._quantity(points, at, place)}
                    for place, code in enumerate(_PRESSURES)
                ]
                return {"component": component}
            case Kind.SLEEP:
                return self._sleep(points, at)
            case Kind.BLOOD_GLUCOSE:
                specimen = points.values[4][at]
                known = _SPECIMENS.get(int(specimen)) if specimen is not None else None
                return {**({"code": _concept(known)} if known else {}), **self._quantity(points, at, 0)}
        return self._quantity(points, at, 0)

    def _sleep(self, points: Points, at: int) -> Json:
        stage, minutes = points.values[0][at], (points.end_ns[at] - points.start_ns[at]) / _MINUTE_NS
        code = self._code if stage in (SESSION, ASLEEP) else {}
        if stage in _STAGES:
            code = _concept(_STAGES[int(stage)])
        # What is no sleep, or of no stage that is known, has no code: its text says what it is.
        text = "unknown" if stage is None else WORDS[Kind.SLEEP]["stage"].get(int(stage), str(int(stage)))
        quantity = {"value": minutes, "unit": "min", "system": _UCUM, "code": "min"}
        return {"code": {**code, "text": text}, "valueQuantity": quantity}

    def _quantity(self, points: Points, at: int, place: int) -> Json:
        field, value = FIELDS[self._kind][place].name, points.values[place][at]
        if value is None:
            masked = self._redactions.masks(self._kind, field, points.start_ns[at], points.end_ns[at])
            code = "masked" if masked else "unknown"
            return {"dataAbsentReason": {"coding": [{"system": f"{_TERMS}/data-absent-reason", "code": code}]}}
        unit, written = _UNITS[field]
        return {"valueQuantity": {"value": value, "unit": written, "system": _UCUM, "code": unit}}

    def _extensions(self, points: Points, at: int) -> list[Json]:
        found: list[Json] = []
        if is_manual(points.origin[at]):
            found.append({"url": f"{URN}:fhir:entered-by-hand", "valueBoolean": True})
        if points.name[at]:
            found.append({"url": f"{URN}:fhir:session", "valueString": points.name[at]})
        for place, field in self._extras:
            value = points.values[place][at]
            if value is not None and self._kind is not Kind.SLEEP:
                words = WORDS[self._kind].get(field, {})
                url = f"{URN}:fhir:{field.replace('_', '-')}"
                found.append({"url": url, "valueString": words.get(int(value), str(value))})
        return found


def _concept(*codes: tuple[str, str]) -> Json:
    return {"coding": [{"system": _LOINC, "code": code, "display": display} for code, display in codes]}
