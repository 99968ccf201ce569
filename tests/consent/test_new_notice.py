"""A later notice comes into force: what was given stays exactly what it was, what is new is nobody's until given."""

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from shared.cloud.signing import Signer, keys_of
from shared.connection.model import LinkState
from shared.consent.asking import Asked, pending
from shared.consent.exports import Exports, Format
from shared.consent.model import QOLMS, Cell, Decision, Role, State
from shared.consent.receipts import KEY, Receipts
from shared.consent.service import How
from shared.consent.verify import check
from shared.consent.view import stands
from shared.errors import InvalidInput, NotFound, Refused
from shared.policy.model import NoticeRef
from shared.policy.notices import load
from shared.vocabulary import Kind, Purpose
from tests.consent.office import Office
from tests.consent.receipts import SEED
from tests.fakes import MemorySecrets, decisions
from tests.faults.hostile import FIT, Rig, ns, point
from tests.policy.written import FIRST, LATER, LATER_AT, both, later

MOMENT = dt.timedelta(microseconds=1)
BEFORE = LATER_AT - dt.timedelta(days=1)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return load(both(tmp_path_factory.mktemp("notices")))


@pytest.fixture
def office(sqlite_documents, clock, published):
    """A day before the later notice is in force."""
    clock.set(BEFORE)
    return Office(sqlite_documents, clock, published=published)


def why(office, consents, kind=None):
    """What needs asking now: purpose to reason, of the cells of one kind or of the purposes."""
    asked = pending(consents, office.notices.in_force(office.clock.now()), office.clock.now())
    return {one.purpose: one.why for one in asked if one.kind == kind}


# ---------------------------------------------------------------- what was given stands


async def test_old_cells_keep_exactly_their_purposes_and_their_words(office, clock):
    clinic = await office.clinic()
    await office.decide("hana", "give", kinds=[Kind.WEIGHT, Kind.SLEEP])
    await office.guide("hana", "give", clinic, [Kind.SLEEP])
    await office.decide("hana", "give", clinic, Purpose.ONLINE_CONSULT)
    relation = await office.relative("hana", "mio")
    before = await office.consents("hana")
    clock.set(LATER_AT)
    assert await office.consents("hana") == before
    assert {state.notice for state in before.cells.values()} == {FIRST}
    assert await office.allowed("hana", Kind.WEIGHT)
    assert await office.allowed("hana", Kind.SLEEP, clinic, Purpose.HEALTH_GUIDANCE), "not for this kind any more"
    assert await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.ONLINE_CONSULT), "not in the notice any more"
    assert not await office.allowed("hana", Kind.STEPS, clinic, Purpose.ONLINE_CONSULT)
    clock.set(LATER_AT + dt.timedelta(days=31))
    assert await office.watched("hana", relation), "for a year, as it said when it was given, and not for thirty days"
    await office.check("hana")


async def test_a_new_purpose_is_denied_until_it_is_accepted(office, clock):
    clinic = await office.clinic()
    await office.decide("hana", "give")
    with pytest.raises(InvalidInput, match=r"decision_impossible.*does not stand on consent"):
        await office.decide("hana", "give", clinic, Purpose.ENTRUSTED)
    clock.set(LATER_AT)
    assert not await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.ENTRUSTED)
    await office.decide("hana", "give", clinic, Purpose.ENTRUSTED)
    assert await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.ENTRUSTED)
    assert not await office.allowed("hana", Kind.STEPS, clinic, Purpose.ENTRUSTED)
    clock.advance(dt.timedelta(days=30))
    assert not await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.ENTRUSTED)
    await office.check("hana")


@pytest.mark.parametrize(
    ("purpose", "kind", "code"),
    [
        (Purpose.ENTRUSTED, Kind.SLEEP, "decision_impossible"),
        (Purpose.HEALTH_GUIDANCE, Kind.SLEEP, "decision_impossible"),
        (Purpose.ONLINE_CONSULT, Kind.WEIGHT, "purpose_unknown"),
    ],
)
async def test_what_the_later_notice_does_not_have_can_be_given_no_more_but_withdrawn(
    office, clock, purpose, kind, code
):
    clinic = await office.clinic()
    if purpose is not Purpose.ENTRUSTED:
        await office.decide("hana", "give", clinic, purpose, [kind])
    clock.set(LATER_AT)
    with pytest.raises(InvalidInput, match=code):
        await office.decide("hana", "give", clinic, purpose, [kind])
    await office.decide("hana", "withdraw", clinic, purpose, [kind])
    assert not await office.allowed("hana", kind, clinic, purpose)


# ---------------------------------------------------------------- what is asked for


async def test_the_app_is_told_what_needs_asking_until_it_is_answered(office, clock):
    clinic = await office.clinic()
    await office.decide("hana", "give")
    new = {Purpose.HEALTH_GUIDANCE: "new_purpose", Purpose.FAMILY_WATCH: "new_purpose"}
    at_first = await office.consents("hana")
    assert why(office, at_first) == {**new, Purpose.ONLINE_CONSULT: "new_purpose"}
    assert why(office, at_first, Kind.WEIGHT) == {}
    clock.set(LATER_AT - MOMENT)
    assert why(office, at_first, Kind.WEIGHT) == {}
    clock.set(LATER_AT)
    assert why(office, at_first) == {**new, Purpose.ENTRUSTED: "new_purpose"}
    assert why(office, at_first, Kind.WEIGHT) == {Purpose.QOLMS_STORE: "new_words"}
    await office.decide("hana", "refuse", clinic, Purpose.ENTRUSTED)
    refused = await office.consents("hana")
    assert why(office, refused) == new
    await office.decide("hana", "give")
    answered = await office.consents("hana")
    assert why(office, answered, Kind.WEIGHT) == {}
    assert [event.state for event in await office.ledger.events("hana")] == [
        State.GIVEN,
        State.REFUSED,
        State.RECONFIRMED,
    ]
    await office.check("hana")


async def test_what_can_be_given_no_more_is_not_asked_for(office, clock):
    clinic = await office.clinic()
    await office.guide("hana", "give", clinic, [Kind.SLEEP, Kind.WEIGHT])
    await office.decide("hana", "give", clinic, Purpose.ONLINE_CONSULT, [Kind.SLEEP, Kind.WEIGHT])
    clock.set(LATER_AT)
    consents = await office.consents("hana")
    assert why(office, consents, Kind.SLEEP) == {}
    assert why(office, consents, Kind.WEIGHT) == {Purpose.HEALTH_GUIDANCE: "new_words"}


async def test_whoever_has_another_recipient_now_is_not_asked_about_the_old_one(tmp_path, sqlite_documents, clock):
    def edit(contents):
        later(contents)
        contents["purposes"]["health_guidance"] |= {"recipient": "relative", "lasts_days": 30}

    clock.set(BEFORE)
    office = Office(sqlite_documents, clock, published=load(both(tmp_path, edit)))
    clinic = await office.clinic()
    await office.guide("hana", "give", clinic)
    clock.set(LATER_AT)
    assert await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.HEALTH_GUIDANCE)
    assert why(office, await office.consents("hana"), Kind.WEIGHT) == {}
    with pytest.raises(InvalidInput, match="recipient_unknown"):
        await office.guide("hana", "give", clinic)


async def test_a_guardians_decision_keeps_its_words_and_its_end(office, clock):
    one = await office.registering.authority("taro", "hana", Role.GUARDIAN, "k-3", born_on=dt.date(2012, 5, 10))
    right = await office.rights.right("hana", "taro", one)
    await office.decide("taro", "give", right=right)
    clock.set(LATER_AT)
    with pytest.raises(Refused, match="guardian_needed"):
        await office.decide("taro", "give")
    assert await office.allowed("taro", Kind.WEIGHT)
    clock.set(dt.datetime(2027, 5, 9, 15, tzinfo=dt.UTC))  # the fifteenth birthday
    assert not await office.allowed("taro", Kind.WEIGHT)


# ---------------------------------------------------------------- decisions about the turn of the words


async def test_who_gives_names_the_words_in_force_at_the_very_instant(office, clock):
    old, new = (office.notices.find(version).ref for version in (FIRST, LATER))

    async def give(ref):
        how = How(notice=ref)
        await office.consenting.decide("hana", decisions(Decision.GIVE, Kind.WEIGHT), how, if_epoch=None)

    clock.set(LATER_AT - MOMENT)
    with pytest.raises(Refused, match="notice_not_in_force"):
        await give(new)
    await give(old)
    clock.set(LATER_AT)
    with pytest.raises(Refused, match=f"notice_not_in_force: in force is {LATER}"):
        await give(old)
    await give(new)
    for ref in (NoticeRef(LATER, old.sha256), NoticeRef(FIRST, new.sha256), NoticeRef("2030-01-01", new.sha256)):
        with pytest.raises(NotFound, match="notice_unknown"):
            await give(ref)
    assert [event.notice for event in await office.ledger.events("hana")] == [old, new]
    assert await office.refusals("hana") == ["notice_not_in_force"] * 2 + ["notice_unknown"] * 3
    await office.check("hana")


async def test_withdrawing_and_refusing_wait_for_no_new_words(office, clock):
    old, new = (office.notices.find(version).ref for version in (FIRST, LATER))
    await office.decide("hana", "give", kinds=[Kind.WEIGHT, Kind.SLEEP])
    clock.set(LATER_AT)
    for decision, kind in ((Decision.WITHDRAW, Kind.WEIGHT), (Decision.REFUSE, Kind.STEPS)):
        prepared = await office.consenting.decide("hana", decisions(decision, kind), How(notice=old), if_epoch=None)
        assert [event.notice for event in prepared.events] == [new]
    assert not await office.allowed("hana", Kind.WEIGHT)
    assert await office.allowed("hana", Kind.SLEEP)
    await office.consenting.withdraw_all("hana", How())
    assert not await office.allowed("hana", Kind.SLEEP)


async def test_one_decision_gives_all_or_none_under_new_words(office, clock):
    clinic = await office.clinic()
    clock.set(LATER_AT)
    asked = [
        *decisions(Decision.GIVE, Kind.WEIGHT),
        Asked(Purpose.ONLINE_CONSULT, Kind.WEIGHT, clinic, Decision.GIVE),
    ]
    with pytest.raises(InvalidInput, match=r"purpose_unknown: changes\[1\]"):
        await office.consenting.decide("hana", asked, How(notice=office.notice), if_epoch=0)
    assert await office.epoch("hana") == 0


async def test_who_was_invited_under_the_old_words_is_let_in_by_them(office, clock):
    invited = await office.invite("hana", [Kind.SLEEP])
    clock.set(LATER_AT)
    await office.invitations.accept("mio", invited.id, invited.code)
    events = await office.ledger.events("hana")
    assert [event.notice.version for event in events] == [FIRST, FIRST]
    assert events[-1].valid_until == LATER_AT + dt.timedelta(days=365)
    await office.check("hana")


# ---------------------------------------------------------------- what proves it


async def test_receipts_and_exports_keep_naming_the_version_and_the_hash_they_were_given_under(office, clock):
    signer = Signer(MemorySecrets({KEY: [SEED]}), KEY)
    receipts = Receipts(ledger=office.ledger, recipients=office.recipients, notices=office.notices, signer=signer)
    clinic = await office.clinic()

    async def jws(epoch: str) -> str:
        return str((await receipts.find("hana", epoch)).jws)

    await office.decide("hana", "give")
    await office.decide("hana", "give", clinic, Purpose.ONLINE_CONSULT)
    before = [await jws(epoch) for epoch in ("1", "2")]
    clock.set(LATER_AT)
    await office.decide("hana", "give")
    await office.decide("hana", "give", clinic, Purpose.ENTRUSTED)
    assert [await jws(epoch) for epoch in ("1", "2")] == before
    keys = keys_of(msgspec.json.encode(await signer.published()))
    for epoch, version in (("1", FIRST), ("2", FIRST), ("3", LATER), ("4", LATER)):
        checked = check(await jws(epoch), keys, office.notices)
        assert (checked.reason, checked.compared) == ("", True)
        told = msgspec.to_builtins(checked.receipt)
        assert told["dpv:hasNotice"]["version"] == version
        assert told["dpv:hasNotice"]["sha256"] == office.notices.find(version).sha256
        if epoch in ("1", "3"):
            service = told["dpv:hasProcess"][0]["dpv:hasRecipient"]["name"]["en"]
            assert service == {FIRST: "QOLMS service", LATER: "New QOLMS"}[version]
    exports = Exports(receipts=receipts, clock=clock, public_url="https://kagamino.example")
    for form in Format:
        taken = b"".join([piece async for piece in exports.of("hana", form)]).decode()
        assert all(notice.contents.version in taken for notice in office.notices)
        if form is Format.ISO27560:
            assert all(notice.sha256 in taken for notice in office.notices)


async def test_the_app_shows_the_service_as_the_words_in_force_name_it(office, clock):
    await office.decide("hana", "give")
    found = (await office.recipients.find("hana", [QOLMS])).values()
    for at, name in ((LATER_AT - MOMENT, "QOLMS service"), (LATER_AT, "New QOLMS")):
        seen = stands(await office.consents("hana"), office.notices.in_force(at), found, at)
        assert [one.name.en for one in seen.recipients] == [name]
        assert seen.notice == office.notices.in_force(at).ref
        assert [cell.notice for cell in seen.cells] == [FIRST]


# ---------------------------------------------------------------- and what is fetched


@pytest.fixture
def rig(sqlite_documents, published):
    """Hana's account has a weight an hour; the later notice is in force from an hour after now."""
    made = Rig(sqlite_documents)
    made.clock.set(BEFORE)
    made.google.datasets = {kind: lambda *_: {"point": []} for kind in Kind}
    return with_notices(made, published)


def with_notices(rig, published):
    rig.consenting = replace(rig.consenting, notices=published)
    rig.linking = replace(rig.linking, notices=published)
    return rig


def weighs(rig, *kg):
    """What Google has from now on: a weight for each, an hour apart."""
    at = rig.clock.now()
    points = [point(Kind.WEIGHT, ns(at - dt.timedelta(hours=n)), one) for n, one in enumerate(kg, 1)]
    rig.google.datasets[Kind.WEIGHT] = lambda asked, start, end: {
        "point": [one for one in points if start <= int(one["startTimeNanos"]) < end]
    }


async def test_refusing_what_is_new_and_leaving_new_words_open_costs_no_fetch(rig, published):
    weighs(rig, 60.0)
    await rig.link("hana", "google", [Kind.WEIGHT])
    await rig.sync()
    rig.clock.set(LATER_AT)
    weighs(rig, 61.0, 62.0)
    assert (await rig.sync()).outcome == "synced"
    refused = [Asked(Purpose.ENTRUSTED, Kind.WEIGHT, QOLMS, Decision.REFUSE)]
    await rig.consenting.decide("hana", refused, How(), if_epoch=None)
    rig.clock.advance(dt.timedelta(days=1))
    weighs(rig, 63.0)
    assert (await rig.sync()).outcome == "synced"
    connection = await rig.connection()
    assert connection.state is LinkState.ACTIVE
    assert connection.kinds[Kind.WEIGHT].last_success_at == rig.clock.now()
    cell = connection.consents.cells[f"qolms_store|weight|{QOLMS}"]
    assert (cell.state, cell.notice) == (State.GIVEN, FIRST)


async def test_linking_again_under_new_words_leaves_what_stands_as_it_stands(rig):
    await rig.link("hana", "google", [Kind.WEIGHT])
    rig.clock.set(LATER_AT)
    connection = await rig.link("hana", "google", [Kind.WEIGHT, Kind.SLEEP])
    told = {key.split("|")[1]: cell.notice for key, cell in connection.consents.cells.items()}
    assert told == {"weight": FIRST, "sleep": LATER}


async def test_who_began_to_link_under_the_old_words_is_linked_under_them(rig):
    rig.clock.set(LATER_AT - dt.timedelta(minutes=1))
    code = await rig.park("hana", "google")
    rig.clock.set(LATER_AT)
    connection = await rig.linking.confirm("hana", code)
    assert {cell.notice for cell in connection.consents.cells.values()} == {FIRST}


async def test_who_begins_to_link_names_the_words_in_force(rig, published):
    rig.clock.set(LATER_AT)
    with pytest.raises(Refused, match="notice_not_in_force"):
        await rig.linking.link_with_device_code("hana", FIT, [Kind.WEIGHT], "google", published.find(FIRST).ref)
    assert rig.google.calls == 0


async def test_linking_gives_no_kind_that_the_notice_does_not_have_and_none_for_longer(rig, tmp_path):
    def edit(contents):
        later(contents)
        contents["purposes"]["qolms_store"] |= {"kinds": ["weight", "sleep"], "lasts_days": 90}

    with_notices(rig, load(both(tmp_path, edit)))
    rig.clock.set(LATER_AT)
    with pytest.raises(InvalidInput, match="decision_impossible: kinds: steps"):
        await rig.link("hana", "google", [Kind.WEIGHT, Kind.STEPS])
    assert rig.authority.revoked == []
    connection = await rig.link("hana", "google", [Kind.WEIGHT])
    [cell] = connection.consents.cells.values()
    assert cell.valid_until == LATER_AT + dt.timedelta(days=90)
    rig.clock.set(cell.valid_until)
    assert connection.permitted(rig.clock.now()) == ()


async def test_after_linking_under_fewer_kinds_what_was_given_before_is_fetched_as_before(rig, tmp_path):
    def edit(contents):
        later(contents)
        contents["purposes"]["qolms_store"]["kinds"] = ["weight"]

    with_notices(rig, load(both(tmp_path, edit)))
    await rig.link("hana", "google", [Kind.WEIGHT, Kind.STEPS])
    rig.clock.set(LATER_AT)
    connection = await rig.link("hana", "google", [Kind.WEIGHT, Kind.STEPS])
    assert connection.permitted(rig.clock.now()) == (Kind.STEPS, Kind.WEIGHT)


async def test_to_refuse_newer_words_keeps_what_was_given_under_the_older_and_ends_the_asking(office, clock):
    await office.decide("hana", "give", kinds=[Kind.WEIGHT, Kind.SLEEP])
    clock.set(LATER_AT)
    before = (await office.consents("hana")).cells
    assert why(office, await office.consents("hana"), Kind.WEIGHT) == {Purpose.QOLMS_STORE: "new_words"}
    await office.decide("hana", "refuse")
    consents = await office.consents("hana")
    kept = consents.cells[Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS).key]
    assert kept == msgspec.structs.replace(before[Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS).key], declined=LATER)
    assert (kept.state, kept.notice) == (State.GIVEN, FIRST)
    assert await office.allowed("hana", Kind.WEIGHT)
    assert why(office, consents, Kind.WEIGHT) == {}
    assert why(office, consents, Kind.SLEEP) == {Purpose.QOLMS_STORE: "new_words"}
    event = (await office.ledger.events("hana"))[-1]
    assert (event.state, event.notice.version) == (State.KEPT, LATER)
    await office.decide("hana", "give")
    assert (await office.consents("hana")).cells[Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS).key].declined == ""
    await office.decide("hana", "refuse")
    await office.decide("hana", "withdraw")
    assert not await office.allowed("hana", Kind.WEIGHT), "and it can be ended all the same"
    await office.check("hana")


async def test_to_refuse_a_longer_time_lets_the_time_run_and_asks_once(office, clock):
    await office.decide("hana", "give")
    [asked] = decisions(Decision.GIVE, Kind.WEIGHT)
    asked = msgspec.structs.replace(asked, valid_until=clock.now() + dt.timedelta(days=10))
    how = How(notice=office.notice)
    await office.consenting.decide("hana", [asked], how, if_epoch=await office.epoch("hana"))
    assert why(office, await office.consents("hana"), Kind.WEIGHT) == {Purpose.QOLMS_STORE: "ends_soon"}
    await office.decide("hana", "refuse")
    assert why(office, await office.consents("hana"), Kind.WEIGHT) == {}
    assert await office.allowed("hana", Kind.WEIGHT)
    clock.advance(dt.timedelta(days=10))
    assert not await office.allowed("hana", Kind.WEIGHT)
    assert why(office, await office.consents("hana"), Kind.WEIGHT) == {Purpose.QOLMS_STORE: "expired"}
