"""The emulator and SQLite answer any query; Firestore only those it has an index for."""

import datetime as dt

from infra.fleet import counts, listed
from infra.rotate_keys import reindex_all, rewrap_all
from infra.staff import institutions
from shared.audit.access import AccessStore
from shared.audit.store import every_entry, first_day, on_shelf, shelf_size, stream_entries
from shared.cloud.blobs import Blobs
from shared.cloud.indexes import missing
from shared.cloud.vault import DataKeys
from shared.connection.model import LinkState
from shared.connection.store import ConnectionStore
from shared.consent.authorities import AuthorityStore
from shared.consent.gate import admit_self
from shared.consent.institutions import Caller
from shared.consent.model import Consents
from shared.consent.recipients import institution_calling
from shared.consent.relations import RelationStore
from shared.consent.store import ConsentStore
from shared.disclosure.codes import Stage
from shared.disclosure.ports import Days
from shared.disclosure.proofs.store import LinkStore
from shared.disclosure.store import CaseStore
from shared.erasure.store import ErasureStore
from shared.mail.store import MessageStore
from shared.measurement.store import DayDeleter, MeasurementStore
from shared.policy.model import Words
from shared.policy.notices import notices
from shared.profile.blind import BlindIndex, MatchKeys
from shared.profile.store import ProfileStore, past
from shared.release.provisions import ProvisionStore
from shared.release.shares import ShareStore
from shared.retention.service import Retaining
from shared.vocabulary import Kind, Purpose
from tests.fakes import MemorySecrets, RecordingDocuments, SeededIds

WORDS = Words("港病院", "Minato")
AT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


async def test_every_query_of_every_store_has_its_index(sqlite_documents, clock):
    documents = RecordingDocuments(sqlite_documents)
    keys = DataKeys(documents, MemorySecrets({"wrapping-key": [b"w" * 32]}))
    connections = ConnectionStore(documents, clock)
    await connections.connections("hana")
    await connections.due(0, AT, after=None, limit=5)
    await connections.loose_grants_due(AT, limit=5)
    await ConsentStore(documents).events("hana", after=7)
    await ConsentStore(documents).events_of_epoch("hana", 3)
    await ErasureStore(documents).of("hana")
    await ErasureStore(documents).due(AT, limit=5)
    cases = CaseStore(documents)
    await cases.of_subject("x", limit=5)
    await cases.due(AT, limit=5)
    await cases.about("x")
    for stage in (None, Stage.RECEIVED):
        await cases.open_page(stage=stage, after="", limit=5)
    await cases.papers_due(AT.date())
    await cases.overdue(AT.date())
    retaining = Retaining(documents=documents, sweeper=Blobs(documents, clock, SeededIds()), cases=cases, clock=clock)
    await retaining.run(AT.date())
    await DayDeleter(documents).deletions("hana", Kind.SLEEP, limit=5)
    week = Days(AT.date(), AT.date())
    for stage in (None, Stage.RECEIVED):
        await cases.worklist(stage=stage, days=week, after="", limit=5)
        await cases.how_many(stage=stage, days=Days())
    await cases.how_many_due(week)
    await cases.ended(AT.date(), limit=5)
    await MessageStore(documents).of("cases/x")
    await MessageStore(documents).due(AT, limit=5)
    await MessageStore(documents).to_forget(AT, limit=5)
    await MessageStore(documents).any_watched(AT)
    await RelationStore(documents).open_of("hana")
    await RelationStore(documents).held_by("hana")
    await RelationStore(documents).ever_held_by("hana")
    await institution_calling(documents, "101")
    await ShareStore(documents).of_handle("x")
    await ShareStore(documents).of_recipient("institution:x", after="a", limit=5)
    await ShareStore(documents).forgetting("hana")
    await ProvisionStore(documents).of_person("hana", after="", limit=5)
    await AuthorityStore(documents).over("hana")
    await AuthorityStore(documents).held_by("hana")
    await LinkStore(documents).holding("token")
    cases = CaseStore(documents)
    await cases.of_subject("x", limit=5)
    await cases.due(AT, limit=5)
    await cases.about("x")
    for stage in (None, Stage.HANDLING):
        await cases.open_page(stage=stage, after="", limit=5)
    index = BlindIndex(documents, MatchKeys(MemorySecrets({})), SeededIds())
    await ProfileStore(documents, keys, index, clock).changes("hana", Purpose.SELF_ACCESS)
    await past(documents, "hana")
    staff = institutions(documents, clock, SeededIds(), notices())
    await staff.end(await staff.register(WORDS, "東京都", "03", "contract-1", Caller("a@b", "7")), "contract-2")
    await staff.listed()
    own = admit_self("hana", Consents(), Kind.SLEEP)
    assert [day async for day in MeasurementStore(documents, keys).read_days(own, AT.date(), AT.date())] == []
    await stream_entries(documents, "stream")
    await first_day(documents)
    await shelf_size(documents, 0, AT.date())
    assert [one async for one in on_shelf(documents, 0, AT.date(), after="a.0000000001")] == []
    assert [one async for one in every_entry(documents)] != []
    seen = AccessStore(documents)
    for asked in (seen.of_subject("x"), seen.of_case("x"), seen.by_staff("x"), seen.between(AT, AT)):
        assert await asked == []
    await counts(documents, 2)
    await listed(documents, LinkState.NEEDS_REAUTH, 5)
    await rewrap_all(documents, keys)
    await reindex_all(documents, ProfileStore(documents, keys, index, clock))
    assert len(documents.queries) >= 10
    assert [(query, missing(query)) for query in documents.queries if missing(query)] == []


def test_no_store_asks_a_query_that_is_not_tried_above():
    from infra.manifest import ROOT

    asking = {
        str(path.relative_to(ROOT))
        for folder in ("shared", "infra")
        for path in (ROOT / folder).rglob("*.py")
        if "Query(" in path.read_text(encoding="utf-8") and "/cloud/" not in str(path) and "/bench/" not in str(path)
    }
    assert asking - {"infra/demo/stored.py"} == {
        "shared/audit/access.py",
        "shared/audit/store.py",
        "shared/connection/store.py",
        "shared/consent/authorities.py",
        "shared/consent/institutions.py",
        "shared/consent/recipients.py",
        "shared/consent/relations.py",
        "shared/consent/store.py",
        "shared/disclosure/proofs/store.py",
        "shared/disclosure/store.py",
        "shared/erasure/store.py",
        "shared/mail/store.py",
        "shared/measurement/store.py",
        "shared/profile/store.py",
        "shared/release/provisions.py",
        "shared/release/shares.py",
        "shared/retention/service.py",
        "infra/fleet.py",
        "infra/rotate_keys.py",
    }
