import asyncio
from functools import partial

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Put, settle
from shared.consent.model import QOLMS, Change, Decision, Method, permits, rebuild
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.errors import Conflict, InvalidInput
from shared.ids import digest
from shared.vocabulary import Kind, Purpose


class Copies:
    """A document that follows the person's consents; `before` runs while it is being prepared."""

    def __init__(self, documents, before=None):
        self.documents = documents
        self.before = before

    async def following(self, uid, consents):
        if self.before is not None:
            before, self.before = self.before, None
            await before()
        found = await self.documents.get("copies/c")
        return [Put("copies/c", {"epoch": consents.epoch}, found.version)] if found else []


@pytest.fixture
def build(documents, clock):
    def built(before=None):
        commit = partial(settle, documents)
        return Consenting(ConsentStore(documents), Copies(documents, before), commit, clock)

    return built


def change(kind=Kind.WEIGHT, decision=Decision.GIVE, recipient=QOLMS):
    return Change(Purpose.QOLMS_STORE, kind, recipient, decision)


def allowed(consents, clock, kind=Kind.WEIGHT):
    return permits(consents, Purpose.QOLMS_STORE, kind, QOLMS, clock.now()).allowed


async def test_giving_and_withdrawing(build, clock):
    consenting = build()
    assert not allowed(await consenting.state("hana"), clock)
    assert allowed(await consenting.decide("hana", (change(),), if_epoch=0), clock)
    assert allowed(await consenting.state("hana"), clock)
    await consenting.decide("hana", (change(decision=Decision.WITHDRAW),), if_epoch=1)
    assert not allowed(await consenting.state("hana"), clock)
    assert (await consenting.state("yuki")).epoch == 0


async def test_a_decision_made_on_an_older_state_is_refused_and_leaves_nothing(build, documents):
    consenting = build()
    await consenting.decide("hana", (change(),), if_epoch=0)
    await consenting.decide("hana", (change(decision=Decision.WITHDRAW),), if_epoch=1)
    with pytest.raises(Conflict, match="consent_stale"):
        await consenting.decide("hana", (change(),), if_epoch=0)
    assert len(await ConsentStore(documents).events("hana")) == 2


@pytest.mark.parametrize(
    "changes",
    [(), (change(), change(decision=Decision.WITHDRAW)), (change(recipient="hospital"),)],
    ids=["none", "one cell twice", "another recipient"],
)
async def test_a_malformed_decision_is_refused_and_leaves_nothing(build, documents, changes):
    with pytest.raises(InvalidInput, match="body_invalid"):
        await build().decide("hana", changes, if_epoch=None)
    assert await ConsentStore(documents).events("hana") == []


async def test_the_ledger_alone_gives_the_state_and_the_audit_log_tells_of_each_change(build, documents):
    consenting = build()
    for kind in (Kind.WEIGHT, Kind.SLEEP, Kind.STEPS):
        await consenting.decide("hana", (change(kind),), if_epoch=None)
    await consenting.decide("hana", (change(Kind.SLEEP, Decision.WITHDRAW), change(Kind.STEPS)), if_epoch=3)
    assert rebuild(await ConsentStore(documents).events("hana")) == await consenting.state("hana")
    entries = await stream_entries(documents, f"consent.{digest('subject', 'hana')}")
    assert [entry.facts["epoch"] for entry in entries] == [1, 2, 3, 4]
    assert first_break(entries) is None
    assert "hana" not in str(entries)


async def test_what_follows_changes_in_the_same_commit(build, documents):
    await documents.commit([Put("copies/c", {"epoch": 0})])
    await build().decide("hana", (change(),), if_epoch=None)
    assert (await documents.get("copies/c")).data == {"epoch": 1}


async def test_a_copy_that_moved_meanwhile_makes_it_decide_again(build, documents):
    await documents.commit([Put("copies/c", {"epoch": 0})])

    class Moving(Copies):
        moved = False

        async def following(self, uid, consents):
            writes = await super().following(uid, consents)
            if not self.moved:
                self.moved = True
                await self.documents.commit([Put("copies/c", {"epoch": 0, "synced": True})])
            return writes

    consenting = build()
    consenting._follower = Moving(documents)
    await consenting.decide("hana", (change(),), if_epoch=None)
    assert (await documents.get("copies/c")).data == {"epoch": 1}
    assert len(await ConsentStore(documents).events("hana")) == 1


async def test_two_decisions_at_once_both_count_where_neither_names_an_epoch(build, documents, clock):
    kinds = list(Kind)[:4]
    await asyncio.gather(*(build().decide("hana", (change(kind),), if_epoch=None) for kind in kinds))
    state = await ConsentStore(documents).consents("hana")
    assert state.epoch == 4
    assert all(allowed(state, clock, kind) for kind in kinds)


async def test_of_two_decisions_on_the_same_state_one_wins(build, clock):
    async def decide(decision):
        try:
            return await build().decide("hana", (change(decision=decision),), if_epoch=0)
        except Conflict as lost:
            return lost

    results = await asyncio.gather(decide(Decision.GIVE), decide(Decision.WITHDRAW))
    assert sum(isinstance(result, Conflict) for result in results) == 1


async def test_prepared_decisions_write_nothing_by_themselves(documents, clock):
    await ConsentStore(documents).prepare("hana", (change(),), method=Method.LINK, at=clock.now())
    assert (await ConsentStore(documents).consents("hana")).epoch == 0
