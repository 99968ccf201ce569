"""A receipt holds what a consent record must, follows from the ledger alone, and never stands in a decision's way."""

import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from shared.cloud.signing import Signer, believed, keys_of
from shared.consent.ledger import Entry, Event, hash_of
from shared.consent.model import QOLMS, Cell, Decision, State
from shared.consent.receipts import KEY, TYPE, Receipts
from shared.consent.records import RECEIPT, STATUS, Record
from shared.errors import NotFound, Refused, Unavailable
from shared.ids import digest
from shared.vocabulary import Kind, Purpose
from tests.consent.receipts import CLINIC, OTHER_SEED, House, guardian, withdrawn

GIVE, REFUSE, WITHDRAW = Decision.GIVE, Decision.REFUSE, Decision.WITHDRAW


@pytest.fixture
def house(sqlite_documents, clock) -> House:
    return House(sqlite_documents, clock)


async def receipt(house: House, decision: str, uid: str = "hana") -> dict[str, Any]:
    """As an app gets it."""
    found: dict[str, Any] = json.loads(msgspec.json.encode((await house.receipts.find(uid, decision)).receipt))
    return found


async def test_every_mandatory_field_is_there_for_every_event(house: House):
    await house.open_clinic()
    await house.decide(
        GIVE, Kind.SLEEP, Kind.BLOOD_PRESSURE, purpose=Purpose.HEALTH_GUIDANCE, recipient=CLINIC,
        valid_until=house.clock.now() + dt.timedelta(days=3),
    )  # fmt: skip
    found = await receipt(house, "1")
    contents = house.notices.in_force(house.clock.now()).contents
    notice = house.notices.find(contents.version)
    subject = digest("subject", "hana")
    expected = {
        "dct:identifier": f"urn:kagamino:consent:{subject}:1",
        "dct:conformsTo": [RECEIPT, "kagamino.consent/1"],
        "decision": "1",
        "epoch": 1,
        "dpv:hasDataSubject": subject,
        "dpv:isIndicatedBy": {"role": "self", "authority": None, "evidence": None},
        "dpv:isIndicatedAtTime": "2026-11-23T00:00:00Z",
        "dpv:hasIndicationMethod": "app",
        "dpv:hasNotice": {
            "id": f"urn:kagamino:notice:{contents.version}",
            "version": contents.version,
            "sha256": notice.sha256,
            "dct:language": "en",
            "screen": "consent/cells",
        },
        "dpv:hasDataController": msgspec.to_builtins(contents.controller),
        "dpv:hasJurisdiction": "JP",
    }
    assert {name: found[name] for name in expected} == expected
    assert found["dpv:hasDataController"]["contact"]["email"]
    assert found["dpv:hasConsentControl"]["method"].keys() == {"ja", "en"}
    assert len(found["dpv:hasProcess"]) == 2
    for number, (kind, item) in enumerate(zip((Kind.SLEEP, Kind.BLOOD_PRESSURE), found["dpv:hasProcess"], strict=True)):
        assert item["dct:identifier"] == f"urn:kagamino:consent:{subject}:event:{number + 1}"
        title = {"ja": "医療機関の保健指導", "en": "Health guidance by a medical institution"}
        assert item["dpv:hasPurpose"] == {"code": "health_guidance", "title": title}
        assert item["dpv:hasLegalBasis"] == "consent"
        data = item["dpv:hasPersonalData"]
        assert (data["kind"], data["sensitive"], data["title"]["en"]) == (kind, True, contents.kinds[kind].en)
        assert item["dpv:hasDataSource"] == {"provider": "google_fit", "scope": contents.kinds[kind].scope}
        assert item["dpv:hasRecipient"] == {
            "id": CLINIC,
            "type": "institution",
            "name": {"ja": "青空クリニック", "en": "Aozora Clinic"},
            "address": "東京都港区1-1",
            "contact": "03-0000-0000",
        }
        assert item["dpv:hasStorageCondition"] == {
            "place": msgspec.to_builtins(contents.storage.place),
            "safety": msgspec.to_builtins(contents.storage.safety),
            "retention": {"ja": "医療機関の定めによる", "en": "As the institution determines"},
        }
        assert item["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
        assert item["dct:valid"] == "2026-11-26T00:00:00Z"
        event = item["event"]
        assert (event["state"], event["epoch"], event["number"]) == ("given", 1, number + 1)
        assert event["hash"] == hash_of(msgspec.convert(event, Event))


async def test_the_service_is_named_with_the_words_of_the_notice(house: House):
    await house.decide(GIVE, Kind.SLEEP)
    recipient = (await receipt(house, "1"))["dpv:hasProcess"][0]["dpv:hasRecipient"]
    contents = house.notices.in_force(house.clock.now()).contents
    assert recipient["name"] == msgspec.to_builtins(contents.service)
    assert recipient["address"] == msgspec.to_builtins(contents.controller.address)
    assert recipient["contact"] == msgspec.to_builtins(contents.controller.contact)


async def test_the_uid_stands_nowhere(house: House):
    prepared = await house.decide(GIVE, *Kind, uid="canaryuid")
    jws = await house.receipts.jws("canaryuid", prepared.events)
    assert jws is not None
    payload = believed(jws, keys_of(await house.keys()), typ=TYPE)
    assert b"canaryuid" not in payload
    assert digest("subject", "canaryuid").encode() in payload


async def test_who_gave_it_is_told_with_the_evidence_of_their_right(house: House):
    await house.born(dt.date(2020, 4, 1))
    await house.decide(GIVE, Kind.SLEEP, authority=guardian())
    given = (await receipt(house, "1"))["dpv:isIndicatedBy"]
    assert given == {"role": "guardian", "authority": "a1", "evidence": "koseki-7"}


async def test_the_receipt_of_a_decision_can_be_had_again_word_for_word_from_either_store(documents, clock):
    house = House(documents, clock)
    clock.advance(dt.timedelta(microseconds=123_456))
    until = dt.datetime(2026, 12, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    prepared = await house.decide(GIVE, Kind.SLEEP, Kind.STEPS, valid_until=until)
    at_once = await house.receipts.jws("hana", prepared.events)
    await house.decide(WITHDRAW, Kind.SLEEP)
    house.clock.advance(dt.timedelta(days=400))
    assert at_once is not None
    assert (await house.receipts.find("hana", "1")).jws == at_once


async def test_the_hash_of_a_line_still_fits_when_its_end_was_said_in_another_zone(house: House):
    until = dt.datetime(2026, 12, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    await house.decide(GIVE, Kind.SLEEP, valid_until=until)
    [event] = await house.ledger.events("hana")
    assert event.hash == hash_of(event)


async def test_each_decision_has_a_receipt_of_its_own(house: House):
    await house.decide(GIVE, Kind.SLEEP, Kind.STEPS)
    await house.decide(REFUSE, Kind.WEIGHT)
    await house.decide(GIVE, Kind.SLEEP)
    await house.decide(WITHDRAW, Kind.SLEEP)
    said = [
        [(item["event"]["cell"].split("|")[1], item["dpv:hasConsentStatus"]) for item in found["dpv:hasProcess"]]
        for found in [await receipt(house, str(epoch)) for epoch in range(1, 5)]
    ]
    assert said == [
        [("sleep", "dpv:ConsentGiven"), ("steps", "dpv:ConsentGiven")],
        [("weight", "dpv:ConsentRefused")],
        [("sleep", "dpv:RenewedConsentGiven")],
        [("sleep", "dpv:ConsentWithdrawn")],
    ]


@pytest.mark.parametrize(
    "decision",
    ["0", "2", "-1", "01", "+1", " 1", "1 ", "1.0", "１", "", "a", "99999999999999999999", "../1", "1/events"],
)
async def test_what_was_never_decided_has_no_receipt(house: House, decision: str):
    await house.decide(GIVE, Kind.SLEEP)
    with pytest.raises(NotFound) as unknown:
        await house.receipts.find("hana", decision)
    assert unknown.value.code == "receipt_unknown"


async def test_nobody_gets_another_person_s_receipt(house: House):
    await house.decide(GIVE, Kind.SLEEP, uid="hana")
    with pytest.raises(NotFound):
        await house.receipts.find("taro", "1")


async def test_an_event_about_the_whole_person_has_a_receipt_without_a_cell(house: House):
    await house.record([Entry(None, State.FROZEN, reason="deceased")])
    [item] = (await receipt(house, "1"))["dpv:hasProcess"]
    assert item["event"]["state"] == "frozen"
    assert [item[name] for name in ("dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasRecipient")] == [None] * 3
    assert item["dpv:hasConsentStatus"] is None


async def test_a_recipient_who_is_gone_is_still_named_by_id(house: House):
    await house.record([Entry(Cell(Purpose.FAMILY_WATCH, Kind.SLEEP, "relative:gone"), State.INVALIDATED)])
    [item] = (await receipt(house, "1"))["dpv:hasProcess"]
    assert (item["dpv:hasRecipient"]["id"], item["dpv:hasRecipient"]["name"]) == ("relative:gone", None)


def test_every_state_of_a_cell_has_a_word_in_the_vocabulary():
    assert STATUS.keys() == set(State) - {State.FROZEN, State.THAWED}


class Out:
    """Secrets that cannot be read."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def get(self, name: str) -> Any:
        raise self._fault

    async def get_version(self, name: str, version: str) -> bytes:
        raise self._fault

    async def enabled(self, name: str) -> tuple[str, ...]:
        raise self._fault


@pytest.mark.parametrize(
    "fault",
    [Unavailable("secrets_unavailable"), Refused("secret_missing"), Refused("secret_version_gone")],
    ids=lambda fault: fault.code,
)
async def test_where_secrets_are_out_the_decision_stands_and_its_receipt_is_signed_later(
    house: House, fault: Exception, capfd: pytest.CaptureFixture[str]
):
    unsigned = Receipts(
        ledger=house.ledger, recipients=house.recipients, notices=house.notices, signer=Signer(Out(fault), KEY)
    )
    prepared = await house.decide(GIVE, Kind.SLEEP)
    assert await unsigned.jws("hana", prepared.events) is None
    found = await unsigned.find("hana", "1")
    assert found.jws is None
    assert '"event": "receipt.not_signed"' in capfd.readouterr().err
    cell = Cell(Purpose.QOLMS_STORE, Kind.SLEEP, QOLMS)
    assert (await house.ledger.consents("hana")).state_of(cell, house.clock.now()) is State.GIVEN
    signed = await house.receipts.find("hana", "1")
    assert signed.receipt == found.receipt
    assert signed.jws is not None


class NobodyKnown:
    async def find(self, uid: str, ids: object) -> Any:
        raise Unavailable("store_unavailable")


async def test_where_recipients_cannot_be_read_the_decision_stands_without_a_signature(house: House):
    blind = Receipts(ledger=house.ledger, recipients=NobodyKnown(), notices=house.notices, signer=house.signer)
    prepared = await house.decide(GIVE, Kind.SLEEP)
    assert await blind.jws("hana", prepared.events) is None


async def test_a_decision_that_recorded_nothing_has_nothing_to_sign(house: House):
    assert await house.receipts.jws("hana", []) is None


async def test_a_receipt_is_read_back_as_what_it_was(house: House):
    await house.decide(GIVE, *Kind)
    await house.record([withdrawn(Kind.SLEEP)])
    for decision in ("1", "2"):
        made = (await house.receipts.find("hana", decision)).receipt
        assert msgspec.json.decode(msgspec.json.encode(made), type=Record) == made


async def test_after_a_rotation_receipts_of_before_can_be_had_and_are_signed_anew(house: House):
    prepared = await house.decide(GIVE, Kind.SLEEP)
    before = await house.receipts.jws("hana", prepared.events)
    house.secrets.rotate(KEY, OTHER_SEED)
    after = (await house.receipts.find("hana", "1")).jws
    keys = keys_of(await house.keys())
    assert before is not None
    assert after is not None
    assert before != after
    assert believed(before, keys, typ=TYPE) == believed(after, keys, typ=TYPE)
