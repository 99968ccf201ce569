"""What a person takes along is complete, is what the standards say, and takes no memory to make."""

import base64
import datetime as dt
import json
import tracemalloc
from collections import Counter
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.provenance import Provenance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.cloud.signing import Signer, keys_of
from shared.consent.exports import PAGE, Exports, Format
from shared.consent.fhir import _KINDS
from shared.consent.ledger import Entry, Event, Tail, first_break, rebuild, record
from shared.consent.model import QOLMS, Cell, Consents, Decision, State
from shared.consent.ports import Standing
from shared.consent.receipts import Receipts
from shared.consent.service import How
from shared.consent.verify import check
from shared.errors import Unavailable
from shared.vocabulary import Kind, Purpose
from tests.consent.receipts import CLINIC, House, guardian
from tests.consent.test_receipts import Out

GIVE, REFUSE, WITHDRAW = Decision.GIVE, Decision.REFUSE, Decision.WITHDRAW


@pytest.fixture
def house(sqlite_documents, clock) -> House:
    return House(sqlite_documents, clock)


async def exported(exports: Exports, form: Format, uid: str = "hana") -> Any:
    return json.loads(b"".join([piece async for piece in exports.of(uid, form)]))


async def bundle(house: House, uid: str = "hana") -> list[Any]:
    """The bundle's resources, each held to the standard's R4B models (which in what is used here are R4's)."""
    document = await exported(house.exports, Format.FHIR, uid)
    assert Bundle.model_validate(document).type == "collection"
    models: dict[str, Any] = {"Consent": Consent, "Provenance": Provenance}
    for entry in document["entry"]:
        models[entry["resource"]["resourceType"]].model_validate(entry["resource"])
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"
    return [entry["resource"] for entry in document["entry"]]


async def consents(house: House) -> list[Any]:
    return [resource for resource in await bundle(house) if resource["resourceType"] == "Consent"]


# ISO/IEC TS 27560


async def test_every_cell_is_a_record_and_the_history_is_the_ledger(house: House):
    await house.open_clinic()
    await house.decide(GIVE, Kind.SLEEP, Kind.STEPS)
    await house.decide(GIVE, Kind.SLEEP, purpose=Purpose.HEALTH_GUIDANCE, recipient=CLINIC)
    await house.decide(WITHDRAW, Kind.SLEEP)
    document = await exported(house.exports, Format.ISO27560)
    told = [
        (item["event"]["cell"], record["epoch"], item["dpv:hasConsentStatus"])
        for record in document["records"]
        for item in record["dpv:hasProcess"]
    ]
    assert told == [
        (f"health_guidance|sleep|{CLINIC}", 2, "dpv:ConsentGiven"),
        ("qolms_store|sleep|qolms", 3, "dpv:ConsentWithdrawn"),
        ("qolms_store|steps|qolms", 1, "dpv:ConsentGiven"),
    ]
    history = [msgspec.convert(line, Event) for line in document["history"]]
    assert history == await house.ledger.events("hana")
    assert first_break(history, msgspec.convert(document["tail"], Tail)) is None
    assert document["@context"]["dpv"] == "https://w3id.org/dpv#"
    assert "hana" not in json.dumps(document)


async def test_a_record_is_a_receipt_s_but_for_its_name(house: House):
    await house.decide(GIVE, Kind.SLEEP)
    [record] = (await exported(house.exports, Format.ISO27560))["records"]
    receipt = json.loads(msgspec.json.encode((await house.receipts.find("hana", "1")).receipt))
    names = {"dct:identifier", "dct:conformsTo"}
    assert {k: v for k, v in record.items() if k not in names} == {k: v for k, v in receipt.items() if k not in names}


async def test_what_time_has_ended_is_told_as_ended(house: House):
    await house.decide(GIVE, Kind.SLEEP, valid_until=house.clock.now() + dt.timedelta(days=1))
    house.clock.advance(dt.timedelta(days=1))
    [record] = (await exported(house.exports, Format.ISO27560))["records"]
    assert record["dpv:hasProcess"][0]["dpv:hasConsentStatus"] == "dpv:ConsentExpired"


async def test_who_never_decided_anything_gets_an_empty_document_of_each_form(house: House):
    document = await exported(house.exports, Format.ISO27560)
    assert (document["epoch"], document["records"], document["history"]) == (0, [], [])
    assert await bundle(house) == []


# FHIR


async def test_a_consent_says_who_may_have_what_and_why(house: House):
    await house.open_clinic()
    until = house.clock.now() + dt.timedelta(days=30)
    await house.decide(GIVE, Kind.SLEEP, purpose=Purpose.HEALTH_GUIDANCE, recipient=CLINIC, valid_until=until)
    await house.decide(REFUSE, Kind.STEPS, purpose=Purpose.HEALTH_GUIDANCE, recipient=CLINIC)
    [consent] = await consents(house)
    notice = house.notices.in_force(house.clock.now())
    version = notice.contents.version
    assert consent["status"] == "active"
    assert consent["scope"]["coding"][0]["code"] == "patient-privacy"
    assert consent["category"][0]["coding"][0]["code"] == "59284-0"
    assert consent["dateTime"] == "2026-11-23T00:00:00.000Z"
    assert consent["patient"] == consent["performer"][0]
    assert consent["organization"][0]["display"] == notice.contents.controller.name.en
    assert consent["policy"] == [{"uri": f"https://kagamino.example/consent/notice?version={version}"}]
    source = consent["sourceAttachment"]
    assert source["url"] == f"https://kagamino.example/consent/notice?version={version}&file=en.md"
    assert notice.sha256 in source["title"]
    provision = consent["provision"]
    assert "type" not in provision  # the root rule must not have one
    assert provision["purpose"][0]["code"] == "CAREMGT"
    [actor] = provision["actor"]
    assert actor["role"]["coding"][0]["code"] == "IRCP"
    assert actor["reference"]["identifier"]["value"] == CLINIC
    assert actor["reference"]["display"] == "Aozora Clinic"
    rules = {rule["code"][0]["coding"][0]["code"]: rule for rule in provision["provision"]}
    assert rules.keys() == {"93832-4", "41950-7"}
    assert (rules["93832-4"]["type"], rules["41950-7"]["type"]) == ("permit", "deny")
    assert rules["93832-4"]["period"] == {"start": "2026-11-23T00:00:00.000Z", "end": "2026-12-23T00:00:00.000Z"}
    assert rules["93832-4"]["data"][0]["reference"]["identifier"]["value"] == "fitness.sleep.read"
    extensions = {one["url"].rpartition(":")[2]: one["valueString"] for one in consent["extension"]}
    assert extensions["jurisdiction"] == "JP"
    assert extensions["legal-basis"] == "consent"
    assert {"storage", "retention", "withdrawal-method", "notice-sha256"} <= extensions.keys()


async def test_there_is_one_consent_per_purpose_and_recipient(house: House):
    await house.open_clinic()
    await house.decide(GIVE, *Kind)
    for purpose in (Purpose.HEALTH_GUIDANCE, Purpose.ONLINE_CONSULT):
        await house.decide(GIVE, Kind.SLEEP, Kind.WEIGHT, purpose=purpose, recipient=CLINIC)
    found = await consents(house)
    assert [consent["provision"]["purpose"][0]["code"] for consent in found] == ["CAREMGT", "TREAT", "PATRQT"]
    assert [len(consent["provision"]["provision"]) for consent in found] == [2, 2, 8]
    assert len({consent["id"] for consent in found}) == 3


def test_every_kind_has_its_code():
    assert _KINDS.keys() == set(Kind)
    assert len({code for code, _ in _KINDS.values()}) == len(Kind)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([State.GIVEN], "active"),
        ([State.RECONFIRMED, State.WITHDRAWN], "active"),
        ([State.REFUSED], "rejected"),
        ([State.REQUESTED, State.REFUSED], "proposed"),
        ([State.WITHDRAWN], "inactive"),
        ([State.REFUSED, State.WITHDRAWN], "inactive"),
        ([State.EXPIRED], "inactive"),
        ([State.INVALIDATED], "inactive"),
        ([State.ERASING], "inactive"),
        ([State.ERASED], "inactive"),
    ],
)
async def test_the_status_follows_from_the_cells(house: House, states: list[State], status: str):
    cells = [Cell(Purpose.QOLMS_STORE, kind, QOLMS) for kind in Kind]
    await house.record([Entry(cell, state) for cell, state in zip(cells, states, strict=False)])
    [consent] = await consents(house)
    assert consent["status"] == status
    permitted = [rule["type"] == "permit" for rule in consent["provision"]["provision"]]
    assert sum(permitted) == sum(state in (State.GIVEN, State.RECONFIRMED) for state in states)


async def test_while_frozen_nothing_is_permitted(house: House):
    await house.decide(GIVE, *Kind)
    await house.record([Entry(None, State.FROZEN, reason="deceased")])
    [consent] = await consents(house)
    assert consent["status"] == "inactive"
    assert {rule["type"] for rule in consent["provision"]["provision"]} == {"deny"}


async def test_a_guardian_is_the_performer_and_the_evidence_is_told(house: House):
    await house.born(dt.date(2020, 4, 1))
    await house.decide(GIVE, Kind.SLEEP, authority=guardian())
    [consent] = await consents(house)
    assert [(one["type"], one["identifier"]["value"]) for one in consent["performer"]] == [("RelatedPerson", "a1")]
    [verification] = consent["verification"]
    assert verification["verified"] is True
    assert verification["extension"][0]["valueString"] == "koseki-7"
    assert (
        consent["provision"]["provision"][0]["period"]["end"] == "2036-03-31T15:00:00.000Z"
    )  # sixteen by then, in Tokyo


async def test_each_decision_that_still_counts_has_its_signature_which_is_genuine(house: House):
    await house.decide(GIVE, Kind.SLEEP, Kind.STEPS)
    await house.decide(WITHDRAW, Kind.SLEEP)
    resources = await bundle(house)
    [consent] = [one for one in resources if one["resourceType"] == "Consent"]
    provenances = [one for one in resources if one["resourceType"] == "Provenance"]
    assert len(provenances) == 2
    keys = keys_of(await house.keys())
    for decision, provenance in zip(("1", "2"), provenances, strict=True):
        assert provenance["target"] == [{"reference": f"urn:uuid:{consent['id']}"}]
        [signature] = provenance["signature"]
        checked = check(base64.b64decode(signature["data"]).decode(), keys, house.notices)
        assert checked.reason == ""
        assert checked.receipt is not None
        assert checked.receipt.decision == decision


async def test_without_secrets_the_bundle_is_whole_but_unsigned(house: House):
    await house.decide(GIVE, Kind.SLEEP)
    signer = Signer(Out(Unavailable("secrets_unavailable")), "receipt-key")
    receipts = Receipts(ledger=house.ledger, recipients=house.recipients, notices=house.notices, signer=signer)
    exports = Exports(receipts=receipts, clock=house.clock, public_url="https://k.example")
    document = await exported(exports, Format.FHIR)
    Bundle.model_validate(document)
    assert [entry["resource"]["resourceType"] for entry in document["entry"]] == ["Consent", "Provenance"]
    assert "signature" not in document["entry"][1]["resource"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    decisions=st.lists(
        st.tuples(st.sampled_from(Decision), st.lists(st.sampled_from(Kind), min_size=1, max_size=3, unique=True)),
        max_size=6,
    ),
    person=st.uuids(),
)
async def test_whatever_was_decided_both_forms_tell_the_state_as_it_is(house: House, decisions, person):
    uid = person.hex
    for decision, kinds in decisions:
        await house.decide(decision, *kinds, uid=uid)
    state = await house.ledger.consents(uid)
    document = await exported(house.exports, Format.ISO27560, uid)
    assert rebuild(msgspec.convert(line, Event) for line in document["history"]) == state
    assert {record["dpv:hasProcess"][0]["event"]["cell"] for record in document["records"]} == state.cells.keys()
    permitted = {
        rule["code"][0]["text"]
        for resource in await bundle(house, uid)
        if resource["resourceType"] == "Consent"
        for rule in resource["provision"]["provision"]
        if rule["type"] == "permit"
    }
    titles = house.notices.in_force(house.clock.now()).contents.kinds
    live = {
        Cell.of_key(key).kind for key, cell in state.cells.items() if cell.state in (State.GIVEN, State.RECONFIRMED)
    }
    assert permitted == {titles[kind].ja for kind in live}


# how much memory it takes


class LongLedger:
    """A ledger of so many events that they are made only as they are asked for."""

    def __init__(self, house: House, events: int) -> None:
        at = house.clock.now()
        self._said = How().said(house.notices.in_force(at), house.clock)
        self._entries = [
            Entry(Cell(Purpose.QOLMS_STORE, kind, QOLMS), state)
            for state in (State.GIVEN, State.WITHDRAWN)
            for kind in Kind
        ]
        self.length = events
        self.asked: Counter[int] = Counter()
        consents, self._last = self._made(0, events)
        self._standing = Standing(consents, Tail(events, self._last[-1].hash))

    def _made(self, after: int, until: int) -> tuple[Consents, list[Event]]:
        """Events one by one, each its own decision; only the last page of them is kept. Hashes are not chained."""
        consents = Consents()
        kept: list[Event] = []
        for number in range(after, until):
            entry = self._entries[number % len(self._entries)]
            consents = Consents(number, consents.cells)
            consents, [event] = record(consents, Tail(number, "0" * 64), [entry], self._said)
            kept = [*kept[-(PAGE - 1) :], event]
        return consents, kept

    async def standing(self, uid: str) -> Standing:
        return self._standing

    async def events(self, uid: str, *, after: int = 0, limit: int = 100) -> list[Event]:
        self.asked[limit] += 1
        return self._made(after, min(after + limit, self.length))[1]

    async def events_of_epoch(self, uid: str, epoch: int) -> list[Event]:
        return self._made(epoch - 1, epoch)[1]


async def test_ten_thousand_events_are_told_page_by_page_in_bounded_memory(house: House):
    ledger: Any = LongLedger(house, 10_000)
    receipts = Receipts(ledger=ledger, recipients=house.recipients, notices=house.notices, signer=house.signer)
    exports = Exports(receipts=receipts, clock=house.clock, public_url="https://k.example")
    told = lines = largest = 0
    tracemalloc.start()
    async for piece in exports.of("hana", Format.ISO27560):
        told, largest, lines = told + len(piece), max(largest, len(piece)), lines + piece.count(b'"previous":')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == 10_000 + len(Kind)
    assert ledger.asked == {PAGE: 50}
    assert told > 4_000_000
    assert largest < 200_000
    assert peak < told / 3
