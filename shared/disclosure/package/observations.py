"""Measurements as FHIR R4 Observations, in bundles of a bounded size.

Codes are LOINC's, units UCUM's. What the source says beside the value, and no code is known for, stands in extensions of
our own. Ids count within the package, so that they tell nothing. Sources: hl7.org/fhir/R4/observation.html and its vital
signs profiles, loinc.org, November 2026.
"""

import datetime as dt
import uuid
from typing import Any, TypeAlias

import msgspec

from shared.consent.fhir import URN
from shared.consent.records import subject_of
from shared.disclosure.package.model import Order
from shared.disclosure.package.redaction import Redactions
from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import FIELDS, SESSION, Points, is_manual
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
"""Glucose by what was measured, in the source's numbering: interstitial fluid, capillary blood, plasma, serum, tears."""
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


class Observations:
    """Writes the points of one kind."""

    def __init__(self, order: Order, kind: Kind, zones: ZoneTimeline, redactions: Redactions) -> None:
        self._order, self._kind, self._zones, self._redactions = order, kind, zones, redactions
        self._written = 0
        self._encode = msgspec.json.Encoder().encode
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

    def head(self, part: int) -> bytes:
        """How a bundle begins."""
        bundle = {
            "resourceType": "Bundle",
            "id": self._id(f"bundle:{part}"),
            "type": "collection",
            "timestamp": self._order.at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return self._encode(bundle)[:-1] + b',"entry":['

    def entries(self, points: Points) -> bytes:
        """The points' entries, between commas."""
        made = [self._entry(points, at) for at in range(len(points))]
        return b",\n".join(map(self._encode, made))

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{URN}:package:{self._order.case}:{self._kind}:{name}"))

    def _entry(self, points: Points, at: int) -> Json:
        self._written += 1
        ident = self._id(str(self._written))
        start_ns, end_ns, origin = points.start_ns[at], points.end_ns[at], points.origin[at]
        start = self._zones.written(start_ns)
        resource: Json = {"resourceType": "Observation", "id": ident}
        extension = self._extensions(points, at)
        if extension:
            resource["extension"] = extension
        resource |= {
            "status": "final",
            "category": self._category,
            "code": self._code,
            "subject": self._subject,
        }
        if start_ns == end_ns:
            resource["effectiveDateTime"] = start
        else:
            resource["effectivePeriod"] = {"start": start, "end": self._zones.written(end_ns)}
        if points.modified_ms[at]:
            resource["issued"] = self._zones.written(points.modified_ms[at] * 1_000_000)
        if origin:
            resource["device"] = {"display": origin}
        resource |= self._value(points, at)
        return {"fullUrl": f"urn:uuid:{ident}", "resource": resource}

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
