"""Consents as FHIR R4: one Consent per purpose and recipient, with a rule per kind.

Nobody consents to "everything but": the policy is opt-in, so the root rule only says who and why, and each kind's rule
permits or denies. Source: hl7.org/fhir/R4/consent.html and its examples, terminology.hl7.org, loinc.org, November 2026.
"""

import base64
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from shared.consent.ledger import SCHEMA
from shared.consent.model import LIVE, CellState, Role, State
from shared.consent.records import Item, RecipientPart, Record
from shared.policy.model import RecipientType, Words
from shared.vocabulary import Kind, Language, Purpose

Json: TypeAlias = dict[str, Any]
URN = "urn:kagamino"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_PURPOSES = {
    Purpose.QOLMS_STORE: ("PATRQT", "patient requested"),
    Purpose.HEALTH_GUIDANCE: ("CAREMGT", "care management"),
    Purpose.ONLINE_CONSULT: ("TREAT", "treatment"),
    Purpose.FAMILY_WATCH: ("FAMRQT", "family requested"),
    Purpose.INQUIRY: ("HOPERAT", "healthcare operations"),
    Purpose.NEW_SERVICE: ("HMARKT", "healthcare marketing"),
}
"""Of v3-ActReason. Which purposes stand on consent is the notice's to say; what has no word there keeps ours."""
_KINDS = {
    Kind.STEPS: ("41950-7", "Number of steps in 24 hour Measured"),
    Kind.BLOOD_GLUCOSE: ("15074-8", "Glucose [Moles/volume] in Blood"),
    Kind.BLOOD_PRESSURE: ("85354-9", "Blood pressure panel with all children optional"),
    Kind.WEIGHT: ("29463-7", "Body weight"),
    Kind.HEART_RATE: ("8867-4", "Heart rate"),
    Kind.BODY_TEMPERATURE: ("8310-5", "Body temperature"),
    Kind.OXYGEN_SATURATION: ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
    Kind.SLEEP: ("93832-4", "Sleep duration"),
}
_PERFORMERS = {
    Role.SELF: "Patient",
    Role.GUARDIAN: "RelatedPerson",
    Role.AGENT: "RelatedPerson",
    Role.RELATIVE: "RelatedPerson",
    Role.STAFF: "Practitioner",
    Role.SYSTEM: "Organization",
}


class Standing(NamedTuple):
    """One cell: its newest record, which has one item, where it stands, and what time makes of that."""

    record: Record
    cell: CellState
    state: State

    @property
    def item(self) -> Item:
        return self.record.items[0]


class Consent(NamedTuple):
    """A Consent, what refers to it, and the decisions that its rules stand on."""

    resource: Json
    reference: str
    decisions: frozenset[int]


def consent(standing: Sequence[Standing], *, purpose: Purpose, frozen: bool, public_url: str) -> Consent:
    """The Consent that the cells of one purpose and one recipient make. While `frozen`, nothing in it permits."""
    newest = max(standing, key=lambda one: one.cell.number)
    record, subject = newest.record, newest.record.subject
    recipient = newest.item.recipient
    name = f"{purpose}|{recipient.id if recipient else ''}"
    ident = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{URN}:consent:{subject}:{name}"))
    records = {one.record.notice.version: one.record for one in standing}
    resource: Json = {
        "resourceType": "Consent",
        "id": ident,
        "meta": {"tag": [{"system": f"{URN}:schema", "code": SCHEMA}]},
        "extension": _extensions(newest),
        "identifier": [{"system": f"{URN}:consent", "value": f"{subject}|{name}"}],
        "status": _status([one.state for one in standing], frozen=frozen),
        "scope": _concept(f"{_TERMS}/consentscope", "patient-privacy", "Privacy Consent"),
        "category": [_concept("http://loinc.org", "59284-0", "Patient Consent")],
        "patient": _reference("Patient", "subject", subject),
        "dateTime": _instant(newest.cell.at),
        "performer": _performers(standing),
        "organization": [_controller(record)],
        "sourceAttachment": _notice(record, public_url),
        "policy": [{"uri": _notice_url(records[version], public_url)} for version in sorted(records)],
        "policyRule": _concept(f"{_TERMS}/v3-ActCode", "OPTIN", "opt-in"),
        "provision": {
            **({"actor": [_actor(recipient, record.notice.language)]} if recipient else {}),
            "securityLabel": [{"system": f"{_TERMS}/v3-Confidentiality", "code": "R", "display": "restricted"}],
            "purpose": [_purpose(purpose)],
            "provision": [_rule(one, frozen=frozen) for one in sorted(standing, key=lambda one: one.item.event.cell)],
        },
    }
    verified = _verification(standing)
    if verified:
        resource["verification"] = verified
    return Consent(resource, f"urn:uuid:{ident}", frozenset(one.cell.epoch for one in standing))


def provenance(receipt: Record, jws: str | None, targets: Sequence[str], at: dt.datetime) -> Json:
    """Who recorded the decision that `targets` stand on, with its receipt's signature where there is one."""
    ident = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{receipt.id}:provenance"))
    who = _controller(receipt)
    resource: Json = {
        "resourceType": "Provenance",
        "id": ident,
        "target": [{"reference": target} for target in targets],
        "occurredDateTime": _instant(receipt.at),
        "recorded": _instant(receipt.at),
        "agent": [{"who": who}],
        "entity": [{"role": "source", "what": {"identifier": {"system": f"{URN}:receipt", "value": receipt.id}}}],
    }
    if jws is not None:
        kind = _coding("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.5", "Verification Signature")
        resource["signature"] = [
            {
                "type": [kind],
                "when": _instant(at),
                "who": who,
                "targetFormat": "application/ld+json",
                "sigFormat": "application/jose",
                "data": base64.b64encode(jws.encode()).decode(),
            }
        ]
    return resource


def _purpose(purpose: Purpose) -> Json:
    if purpose in _PURPOSES:
        return _coding(f"{_TERMS}/v3-ActReason", *_PURPOSES[purpose])
    return _coding(f"{URN}:purpose", purpose, purpose)


def _status(states: Sequence[State], *, frozen: bool) -> str:
    if not frozen and any(state in LIVE for state in states):
        return "active"
    if State.REQUESTED in states:
        return "proposed"
    return "rejected" if set(states) == {State.REFUSED} else "inactive"


def _rule(one: Standing, *, frozen: bool) -> Json:
    data, source = one.item.data, one.item.source
    ends = min((end for end in (one.cell.valid_until, one.cell.authority_until) if end is not None), default=None)
    period = {"start": _instant(one.cell.at), **({"end": _instant(ends)} if ends else {})}
    rule: Json = {
        "type": "permit" if one.state in LIVE and not frozen else "deny",
        "period": period,
        "class": [_coding("http://hl7.org/fhir/resource-types", "Observation", "Observation")],
        "extension": [_extension("state", one.state), _extension("notice", one.record.notice.version)],
    }
    if data is not None:
        rule["code"] = [{"coding": [_coding("http://loinc.org", *_KINDS[data.kind])], "text": data.title.ja}]
    if source is not None:
        scope = {"identifier": {"system": f"{URN}:source:{source.provider}", "value": source.scope}}
        rule["data"] = [{"meaning": "related", "reference": scope}]
    return rule


def _extensions(one: Standing) -> list[Json]:
    record, language, storage = one.record, one.record.notice.language, one.item.storage
    said: dict[str, str | None] = {
        "legal-basis": one.item.basis,
        "storage": storage.place.of(language),
        "jurisdiction": record.jurisdiction,
        "retention": storage.retention.of(language) if storage.retention else None,
        "withdrawal-method": record.control.method.of(language),
        "notice-sha256": record.notice.sha256,
        "screen": record.notice.screen,
        "method": record.method,
    }
    return [_extension(name, value) for name, value in said.items() if value]


def _performers(standing: Sequence[Standing]) -> list[Json]:
    found: dict[tuple[str, str], Json] = {}
    for one in standing:
        given, subject = one.record.given_by, one.record.subject
        kind = _PERFORMERS[given.role]
        if kind == "Patient":
            found[kind, subject] = _reference(kind, "subject", subject)
        elif kind == "Organization":
            found[kind, ""] = _controller(one.record)
        else:
            found[kind, given.authority or given.role] = _reference(kind, "authority", given.authority or given.role)
    return list(found.values())


def _verification(standing: Sequence[Standing]) -> list[Json]:
    found: dict[str, Json] = {}
    for one in standing:
        evidence = one.record.given_by.evidence
        if evidence:
            extension = [_extension("evidence", evidence)]
            found[evidence] = {"verified": True, "verificationDate": _instant(one.cell.at), "extension": extension}
    return list(found.values())


def _actor(recipient: RecipientPart, language: Language) -> Json:
    kind = "RelatedPerson" if recipient.type is RecipientType.RELATIVE else "Organization"
    named = _reference(kind, "recipient", recipient.id, recipient.name, language)
    return {"role": _concept(f"{_TERMS}/v3-ParticipationType", "IRCP", "information recipient"), "reference": named}


def _controller(record: Record) -> Json:
    controller = record.controller
    return _reference("Organization", "controller", controller.id, controller.name, record.notice.language)


def _notice(record: Record, public_url: str) -> Json:
    notice = record.notice
    return {
        "contentType": "text/markdown; charset=utf-8",
        "language": notice.language,
        "url": f"{_notice_url(record, public_url)}&file={notice.language}.md",
        "title": f"{notice.version} (sha256 {notice.sha256})",
    }


def _notice_url(record: Record, public_url: str) -> str:
    return f"{public_url}/consent/notice?version={record.notice.version}"


def _reference(kind: str, system: str, value: str, name: Words | None = None, language: Language = Language.JA) -> Json:
    named = {"display": name.of(language)} if name else {}
    return {"type": kind, "identifier": {"system": f"{URN}:{system}", "value": value}, **named}


def _concept(system: str, code: str, display: str) -> Json:
    return {"coding": [_coding(system, code, display)]}


def _coding(system: str, code: str, display: str) -> Json:
    return {"system": system, "code": code, "display": display}


def _extension(name: str, value: str) -> Json:
    return {"url": f"{URN}:fhir:{name}", "valueString": value}


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
