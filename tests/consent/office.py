"""The consent domain over one store, as its functions and the commands of staff put it together; for tests about who
may be given to, and who may decide."""

from infra.staff import institutions, recorder, registering
from shared.audit.model import first_break as broken_audit
from shared.audit.store import stream_entries
from shared.consent.asking import Asked
from shared.consent.authorities import AuthorityStore, Rights
from shared.consent.gate import permits
from shared.consent.invitations import Invitations
from shared.consent.ledger import first_break, rebuild
from shared.consent.model import Decision
from shared.consent.recipients import RecipientStore
from shared.consent.relations import RelationStore
from shared.consent.service import Consenting, How
from shared.consent.store import ConsentStore
from shared.ids import digest
from shared.policy.model import Words
from shared.policy.notices import notices
from shared.vocabulary import Kind, Purpose
from tests.fakes import SeededIds

NOTICES = notices()
CLINIC = Words(ja="港病院", en="Minato Hospital")


class Office:
    """Everything over `documents`."""

    def __init__(self, documents, clock, seed=0, published=NOTICES):
        self.documents, self.clock, ids = documents, clock, SeededIds(seed)
        self.notices = published
        self.ledger, self.relations = ConsentStore(documents), RelationStore(documents)
        self.authorities = AuthorityStore(documents)
        self.recipients = RecipientStore(documents, Words(ja="QOLMS", en="QOLMS"))
        self.recorder = recorder(documents, clock, ids)
        self.institutions = institutions(documents, clock, ids, published)
        self.registering = registering(documents, clock, ids, published)
        self.consenting = Consenting(
            ledger=self.ledger, recorder=self.recorder, recipients=self.recipients, notices=published, clock=clock
        )
        self.invitations = Invitations(
            ledger=self.ledger,
            recorder=self.recorder,
            relations=self.relations,
            authorities=self.authorities,
            notices=published,
            clock=clock,
            ids=ids,
        )
        self.rights = Rights(authorities=self.authorities, recorder=self.recorder, notices=published, clock=clock)

    @property
    def notice(self):
        return self.notices.in_force(self.clock.now()).ref

    async def clinic(self):
        """A registered institution, as a recipient."""
        return "institution:" + await self.institutions.register(CLINIC, "東京都港区", "03-0000-0000", "contract-1")

    async def decide(
        self, uid, decision, recipient="qolms", purpose=Purpose.QOLMS_STORE, kinds=(Kind.WEIGHT,), right=None
    ):
        asked = [Asked(purpose, kind, recipient, Decision(decision)) for kind in kinds]
        how = How(notice=self.notice, right=right)
        return await self.consenting.decide(uid, asked, how, if_epoch=await self.epoch(uid))

    async def guide(self, uid, decision, recipient, kinds=(Kind.WEIGHT,)):
        """Decide about health guidance by an institution."""
        return await self.decide(uid, decision, recipient, Purpose.HEALTH_GUIDANCE, kinds)

    async def invite(self, uid, kinds=(Kind.WEIGHT, Kind.SLEEP), **more):
        return await self.invitations.invite(
            uid, kinds, How(notice=self.notice), if_epoch=await self.epoch(uid), **more
        )

    async def relative(self, uid, relative, kinds=(Kind.WEIGHT, Kind.SLEEP)):
        """An accepted relation's id."""
        invited = await self.invite(uid, kinds)
        await self.invitations.accept(relative, invited.id, invited.code)
        return invited.id

    async def consents(self, uid):
        return await self.ledger.consents(uid)

    async def epoch(self, uid):
        return (await self.consents(uid)).epoch

    async def states(self, uid, recipient):
        """The states of the cells of one recipient, by kind."""
        at = self.clock.now()
        cells = (await self.consents(uid)).cells
        return {key.split("|")[1]: s.as_of(at) for key, s in cells.items() if key.endswith(f"|{recipient}")}

    async def allowed(self, uid, kind, recipient="qolms", purpose=Purpose.QOLMS_STORE):
        return permits(await self.consents(uid), purpose, kind, recipient, self.clock.now()).allowed

    async def watched(self, uid, relation, kind=Kind.WEIGHT):
        return await self.allowed(uid, kind, f"relative:{relation}", Purpose.FAMILY_WATCH)

    async def refusals(self, uid):
        """The codes of what was refused, in the audit log of this person's consents."""
        entries = await stream_entries(self.documents, f"consent.{digest('subject', uid)}")
        assert broken_audit(entries) is None
        return [entry.facts["code"] for entry in entries if entry.action == "consent.refused"]

    async def check(self, *uids):
        """Every ledger is whole, and says what the projection says."""
        for uid in uids:
            events, standing = await self.ledger.events(uid), await self.ledger.standing(uid)
            assert first_break(events, standing.tail) is None
            assert rebuild(events) == standing.consents


class Nudging:
    """A store that lets `during` happen right before the first commit that writes what `seen` looks for."""

    def __init__(self, documents, seen, during):
        self._documents, self._seen, self._during = documents, seen, during

    def __getattr__(self, name):
        return getattr(self._documents, name)

    async def commit(self, writes):
        if self._during is not None and any(self._seen in write.path for write in writes):
            during, self._during = self._during, None
            await during()
        return await self._documents.commit(writes)
