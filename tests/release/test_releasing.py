"""What is handed on: by permit, on record before it is sent, and not at all once something has ended (I6)."""

import asyncio
import hashlib
from datetime import timedelta

import msgspec
import pytest

from shared.cloud.identity import AppUser, GoogleSubject
from shared.errors import Conflict, Fault, NotFound, NotPermitted, OutcomeUnknown, Refused, Unavailable
from shared.release.model import KEPT_FOR, Form, ProvisionState
from shared.vocabulary import Kind, Purpose
from tests.consent.office import Office
from tests.release.desk import CLINICS, GUIDANCE, KG, ON, OTHERS, Desk, Interrupted

CLINIC = GoogleSubject(CLINICS.account_id)
OTHER = GoogleSubject(OTHERS.account_id)
MIO = AppUser("mio")


async def guided(documents, clock):
    """Hana lets a clinic see her weight; the desk, the clinic as a recipient, and her name there."""
    desk = Desk(documents, clock)
    await desk.weigh()
    clinic = await desk.clinic()
    await desk.office.guide("hana", "give", clinic)
    return desk, clinic, await desk.named(clinic)


async def release(desk, caller, person, question=None):
    reader = await desk.readers.known(caller)
    return await desk.releasing.release(reader, person, question or desk.asking())


async def test_an_institution_reads_what_it_was_given_and_the_record_is_of_these_very_bytes(documents, clock):
    desk, clinic, person = await guided(documents, clock)
    body, record = await release(desk, CLINIC, person)
    assert [day["last_kg"] for day in msgspec.json.decode(body)["days"]] == [KG]
    [kept] = await desk.on_record("hana", clinic)
    assert kept == record.value
    assert (kept.sha256, kept.size_bytes) == (hashlib.sha256(body).hexdigest(), len(body))
    assert (kept.subject, kept.recipient, kept.purpose, kept.kind) == ("hana", clinic, GUIDANCE, Kind.WEIGHT)
    assert (kept.first, kept.last, kept.form, kept.count, kept.number) == (ON, ON, Form.SUMMARIES, 1, 1)
    assert (kept.epoch, kept.notice, kept.state) == (1, "2026-10-01", ProvisionState.RECORDED)
    assert kept.kept_until == clock.now() + KEPT_FOR
    stored = msgspec.json.encode([one.data for one in await documents.query(query("provisions"))])
    assert str(KG).encode() not in stored
    assert "hana" not in person


@pytest.mark.parametrize("points", [False, True])
async def test_what_is_kept_of_a_body_does_not_tell_its_values_to_who_tries_them(sqlite_documents, clock, points):
    """A day of weights has few values that it could have; and the record outlives their erasure."""
    desk = Desk(sqlite_documents, clock)
    clinic = await desk.clinic()
    await desk.weigh()
    await desk.office.guide("hana", "give", clinic)
    reader, question = await desk.readers.known(CLINIC), desk.asking(points=points)
    name = await desk.named(clinic)
    bodies = [(await desk.releasing.release(reader, name, question)).body for _ in range(2)]
    salts = [msgspec.json.decode(body).pop("salt") for body in bodies]
    assert salts[0] != salts[1]
    assert all(len(salt) >= 22 for salt in salts), "128 bits, at the least"
    assert len({one.sha256 for one in await desk.on_record()}) == 2


def query(collection):
    from shared.cloud.documents import Query

    return Query(collection)


async def test_each_time_it_is_handed_on_it_is_recorded_again_newest_first(documents, clock):
    desk, clinic, person = await guided(documents, clock)
    for points in (False, True, True):
        clock.advance(timedelta(minutes=1))
        await release(desk, CLINIC, person, desk.asking(points=points))
    kept = await desk.on_record("hana", clinic)
    assert [(one.number, one.form) for one in kept] == [(1, "summaries"), (2, "points"), (3, "points")]
    newest = await desk.provisions.of_person("hana", after="", limit=2)
    older = await desk.provisions.of_person("hana", after=newest[-1].id, limit=2)
    assert [one.value.number for one in [*newest, *older]] == [3, 2, 1]
    assert await desk.provisions.of_person("ken", after="", limit=2) == []
    assert await desk.provisions.of_person("ken", after=newest[-1].id, limit=2) is None, (
        "another's is no place to go on"
    )


async def test_a_relative_reads_what_they_watch_and_nothing_else(documents, clock):
    desk = Desk(documents, clock)
    await desk.weigh()
    relation = await desk.office.relative("hana", "mio", kinds=(Kind.WEIGHT,))
    watching = desk.asking(purpose=Purpose.FAMILY_WATCH)
    assert (await release(desk, MIO, relation, watching)).record.value.recipient == f"relative:{relation}"
    for question in (
        desk.asking(),
        desk.asking(Kind.SLEEP, Purpose.FAMILY_WATCH),
        desk.asking(purpose=Purpose.QOLMS_STORE),
    ):
        with pytest.raises(Refused, match="consent_missing: never_given"):
            await release(desk, MIO, relation, question)
    for nobody in (AppUser("ken"), AppUser("hana")):
        with pytest.raises(NotFound, match="person_unknown"):
            await release(desk, nobody, relation, watching)
    await desk.office.invitations.end("mio", relation)
    with pytest.raises(Refused, match="consent_missing: invalidated"):
        await release(desk, MIO, relation, watching)
    assert len(await desk.on_record("hana", f"relative:{relation}")) == 1


async def test_an_invitation_nobody_has_accepted_shows_nothing_to_anybody(documents, clock):
    desk = Desk(documents, clock)
    invited = await desk.office.invite("hana")
    for somebody in (MIO, AppUser(""), AppUser("hana")):
        with pytest.raises(NotFound, match="person_unknown"):
            await release(desk, somebody, invited.id, desk.asking(purpose=Purpose.FAMILY_WATCH))


async def test_another_institutions_name_for_a_person_leads_nowhere(documents, clock):
    desk, clinic, person = await guided(documents, clock)
    await desk.clinic(OTHERS)
    for caller, name in ((OTHER, person), (MIO, person), (CLINIC, "unknown"), (CLINIC, "hana")):
        with pytest.raises(NotFound, match="person_unknown"):
            await release(desk, caller, name)
    for stranger in (GoogleSubject("999"), GoogleSubject("")):
        with pytest.raises(NotPermitted, match="caller_unknown"):
            await release(desk, stranger, person)
    assert await desk.on_record("hana", clinic) == []


async def test_two_institutions_have_two_names_for_one_person(documents, clock):
    desk, _, person = await guided(documents, clock)
    other = await desk.clinic(OTHERS)
    await desk.office.guide("hana", "give", other)
    assert await desk.named(other) != person
    assert (await release(desk, OTHER, await desk.named(other))).record.value.recipient == other


async def test_what_ends_is_refused_with_its_reason(documents, clock):
    desk, clinic, person = await guided(documents, clock)
    await desk.office.guide("hana", "give", clinic, (Kind.SLEEP,))
    await desk.office.guide("hana", "withdraw", clinic)
    with pytest.raises(Refused, match="consent_missing: withdrawn"):
        await release(desk, CLINIC, person)
    assert (await release(desk, CLINIC, person, desk.asking(Kind.SLEEP))).record.value.count == 0
    await desk.office.registering.deceased("hana", "certificate-1")
    with pytest.raises(Refused, match="consent_missing: frozen"):
        await release(desk, CLINIC, person, desk.asking(Kind.SLEEP))


async def test_what_expires_while_it_is_read_is_not_handed_on(documents, clock):
    desk = Desk(documents, clock)
    await desk.weigh()
    relation = await desk.office.relative("hana", "mio", kinds=(Kind.WEIGHT,))
    question = desk.asking(purpose=Purpose.FAMILY_WATCH)

    async def slowly(permit):
        answer = await question.read(permit)
        clock.advance(timedelta(days=365))
        return answer

    with pytest.raises(Refused, match="consent_missing: expired"):
        await release(desk, MIO, relation, question._replace(read=slowly))
    assert await desk.on_record("hana", f"relative:{relation}") == []


async def test_while_it_is_being_erased_nobody_gets_it(sqlite_documents, clock):
    from shared.consent.ledger import Entry
    from shared.consent.model import QOLMS, Cell, State

    desk, clinic, person = await guided(sqlite_documents, clock)
    await desk.office.decide("hana", "give")
    await desk.office.decide("hana", "withdraw")
    said = desk.office.registering._said("x-1", clock.now())
    erasing = Entry(Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS), State.ERASING)
    await desk.office.recorder.record("hana", lambda _: [erasing], said)
    with pytest.raises(Refused, match="consent_missing: erasing"):
        await release(desk, CLINIC, person)
    assert await desk.on_record("hana", clinic) == []


async def many_calls(make, clock):
    """How many calls to the store a whole handing on makes."""
    view, desk, person, _ = await make(-1, None)
    await release(desk, CLINIC, person)
    return view.calls


@pytest.fixture
async def raced(tmp_path, clock):
    """Makes a fresh store with Hana and the clinic in it, of which the desk has a view that is interrupted."""
    from shared.cloud.sqlite import SqliteDocuments

    made: list[SqliteDocuments] = []

    async def make(at, ending):
        store = SqliteDocuments(str(tmp_path / f"documents{len(made)}"))
        made.append(store)
        commits: list[set[str]] = []
        open_view = Interrupted(store, commits)
        first, clinic, person = await guided(open_view, clock)
        office = Office(open_view, clock, seed=3)

        async def during():
            await ending(office, clinic)
            commits.append({"ended"})

        view = Interrupted(store, commits, at, during if ending else None)
        desk = Desk(view, clock, office)
        return view, desk, person, Desk(open_view, clock, first.office)

    yield make
    for store in made:
        await store.close()


async def withdrawing(office, clinic):
    await office.guide("hana", "withdraw", clinic)


async def dying(office, clinic):
    await office.registering.deceased("hana", "certificate-1")


async def ending(office, clinic):
    await office.institutions._stop(clinic.removeprefix("institution:"), "contract-2")


async def stopping_everything(office, clinic):
    from shared.consent.service import How

    await office.consenting.withdraw_all("hana", How())


@pytest.mark.parametrize("end", [withdrawing, dying, ending, stopping_everything])
async def test_whatever_ends_between_any_two_steps_nothing_is_sent_and_no_record_follows_it(raced, clock, end):
    whole = await many_calls(raced, clock)
    assert whole >= 8
    for at in range(whole):
        view, desk, person, look = await raced(at, end)
        if end is ending and at == whole - 1:
            # The last look at the gate. The recipient was looked at just before: it ended behind the record, and sends.
            await release(desk, CLINIC, person)
            assert any(p.startswith("provisions/") for paths in view.commits[:-1] for p in paths)
            continue
        with pytest.raises(Fault) as refused:
            await release(desk, CLINIC, person)
        assert refused.value.code in ("consent_missing", "caller_unknown"), at
        over = view.commits.index({"ended"})
        recorded = [n for n, paths in enumerate(view.commits) if any(p.startswith("provisions/") for p in paths)]
        kept = await look.on_record()
        assert all(one.state is ProvisionState.STOPPED for one in kept), at
        created = recorded[: len(kept)]
        # An institution ends before the ledgers do; whoever is on record then is stopped by the second look.
        assert end is ending or all(n < over for n in created), at


async def test_a_decision_about_something_else_meanwhile_delays_and_stops_nothing(raced, clock):
    async def deciding(office, clinic):
        await office.guide("hana", "give", clinic, (Kind.SLEEP,))

    for at in range(await many_calls(raced, clock)):
        _, desk, person, look = await raced(at, deciding)
        body, record = await release(desk, CLINIC, person)
        kept = [one for one in await look.on_record() if one.state is ProvisionState.RECORDED]
        assert [one.sha256 for one in kept] == [hashlib.sha256(body).hexdigest()]
        consents = await look.office.consents("hana")
        assert record.value.epoch in (1, consents.epoch)


async def test_what_was_withdrawn_and_given_again_meanwhile_rests_on_the_new_decision(raced, clock):
    async def changing(office, clinic):
        await office.guide("hana", "withdraw", clinic)
        await office.guide("hana", "give", clinic)

    epochs = set()
    for at in range(await many_calls(raced, clock)):
        view, desk, person, _ = await raced(at, changing)
        _, record = await release(desk, CLINIC, person)
        over = view.commits.index({"ended"})
        before = any(any(p.startswith("provisions/") for p in paths) for paths in view.commits[:over])
        assert record.value.epoch == (1 if before else 3)
        epochs.add(record.value.epoch)
    assert epochs == {1, 3}


class Deaf:
    """A store whose first commit of a provision has no answer: it happened, or it did not."""

    def __init__(self, documents, *, happened, readable=True):
        self._documents, self._happened, self._readable = documents, happened, readable
        self.silent = False

    def __getattr__(self, name):
        return getattr(self._documents, name)

    async def get(self, path):
        if self.silent and not self._readable:
            raise OutcomeUnknown("store_unavailable")
        return await self._documents.get(path)

    async def commit(self, writes):
        about = any(write.path.startswith("provisions/") for write in writes)
        if about and not (self.silent and self._readable):
            self.silent = True
            if self._happened:
                await self._documents.commit(writes)
            raise OutcomeUnknown("commit_unknown")
        return await self._documents.commit(writes)


@pytest.mark.parametrize("happened", [True, False])
async def test_a_commit_without_an_answer_is_read_back_before_anything_is_sent(documents, clock, happened):
    desk, clinic, person = await guided(documents, clock)
    deaf = Desk(Deaf(documents, happened=happened), clock, desk.office)
    body, record = await release(deaf, CLINIC, person)
    [kept] = await desk.on_record("hana", clinic)
    assert (kept, kept.sha256) == (record.value, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("happened", [True, False])
async def test_what_may_or_may_not_be_on_record_is_not_sent(sqlite_documents, clock, happened):
    desk, clinic, person = await guided(sqlite_documents, clock)
    deaf = Desk(Deaf(sqlite_documents, happened=happened, readable=False), clock, desk.office)
    with pytest.raises(OutcomeUnknown):
        await release(deaf, CLINIC, person)
    assert len(await desk.on_record("hana", clinic)) == happened


async def test_where_the_stop_cannot_be_kept_nothing_is_sent_all_the_same(sqlite_documents, clock):
    class Lost:
        """A store that is out of reach from the record on."""

        recorded = False

        def __getattr__(self, name):
            return getattr(sqlite_documents, name)

        async def get(self, path):
            if self.recorded and path.startswith("provision_chains/"):
                raise Unavailable("store_unavailable")
            return await sqlite_documents.get(path)

        async def commit(self, writes):
            versions = await sqlite_documents.commit(writes)
            if any(write.path.startswith("provisions/") for write in writes):
                self.recorded = True
                await desk.office.guide("hana", "withdraw", clinic)
            return versions

    desk, clinic, person = await guided(sqlite_documents, clock)
    with pytest.raises(Refused, match="consent_missing: withdrawn"):
        await release(Desk(Lost(), clock, desk.office), CLINIC, person)
    assert [one.state for one in await desk.on_record("hana", clinic)] == ["recorded"]


async def test_a_recipient_that_asks_for_much_at_once_gets_all_of_it_in_one_chain(sqlite_documents, clock):
    desk, clinic, person = await guided(sqlite_documents, clock)
    await asyncio.gather(*(release(desk, CLINIC, person) for _ in range(10)))
    assert sorted(one.number for one in await desk.on_record("hana", clinic)) == list(range(1, 11))


async def test_decisions_that_never_rest_are_given_up_on(sqlite_documents, clock):
    desk, clinic, person = await guided(sqlite_documents, clock)
    question = desk.asking()

    async def restless(permit):
        await desk.office.guide("hana", "give", clinic, (Kind.SLEEP,))
        return await question.read(permit)

    with pytest.raises(Conflict, match="kept changing"):
        await release(desk, CLINIC, person, question._replace(read=restless))
    assert await desk.on_record("hana", clinic) == []
