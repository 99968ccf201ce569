"""What the system does about cases."""

from shared.audit.access import AccessStore
from shared.cloud.blobs import Blobs
from shared.cloud.signing import Signer
from shared.cloud.stores import open_documents
from shared.cloud.vault import KeyShredder
from shared.connection.store import ConnectionStore
from shared.consent.receipts import KEY
from shared.consent.recipients import RecipientStore
from shared.consent.store import ConsentStore
from shared.disclosure.carrying_out import CarryingOut
from shared.disclosure.correcting import Correcting
from shared.disclosure.destroying import Destroying
from shared.disclosure.effects import Effects
from shared.disclosure.held_here import AccessRecords, CaseRecords, ProfileRecords
from shared.disclosure.inviting import Inviting
from shared.disclosure.lettering import Lettering
from shared.disclosure.mailing import Mailing
from shared.disclosure.package.held import ConnectionRecords, ErasureRecords, ProvisionRecords
from shared.disclosure.package.model import Category
from shared.disclosure.package.ports import Sources
from shared.disclosure.results import Results
from shared.disclosure.store import CaseStore
from shared.disclosure.sweeping import Sweeping
from shared.disclosure.told import CasesTold
from shared.disclosure.working import Worker, Working
from shared.erasure.store import ErasureStore
from shared.ids import RandomIds
from shared.measurement.store import MeasurementStore
from shared.measurement.zones import ZoneStore
from shared.papers.typesetting import typeset
from shared.policy.notices import notices
from shared.release.provisions import ProvisionStore
from shared.staff.store import RosterStore
from shared.wiring.asking_to_erase import asking_to_erase
from shared.wiring.consenting import recorder
from shared.wiring.desk import desk, shelf
from shared.wiring.keys import keys
from shared.wiring.mailing import outbox
from shared.wiring.platform import Platform
from shared.wiring.profiles import profile_store, profiles
from shared.wiring.proving import proofs
from shared.wiring.queue import queue


def working(p: Platform) -> Working:
    """The jobs of a case."""
    acting, made, mending, post = effects(p), results(p), correcting(p), outbox(p)
    published = notices(p.settings.notices)
    mailing = Mailing(
        outbox=post, notices=published, clock=p.clock, cases_url=f"{p.settings.public_url}/disclosure/cases"
    )
    carrying = CarryingOut(
        tasks={
            "withdraw": acting.withdraw,
            "erase": acting.erase,
            "package": made.package,
            "records": made.records,
            "purposes": made.purposes,
            "correct": mending.correct,
            "holders": mending.holders,
        }
    )
    workers: dict[str, Worker] = {
        "letter": Lettering(shelf=shelf(p), mailing=mailing, notices=published, clock=p.clock).letter,
        "remind": mailing.remind,
        "destroy": destroying(p).destroy,
        "tell_locked": mailing.tell_locked,
        "link": inviting(p, mailing).link,
        "freeze": acting.freeze,
        "thaw": acting.thaw,
        "collect": carrying.collect,
        "carry_out": carrying.carry_out,
    }
    return Working(desk=desk(p), clock=p.clock, workers=workers, post=post)


def destroying(p: Platform) -> Destroying:
    """What destroys papers of cases, and the keys to them."""
    apart = open_documents(p.settings.documents, project=p.settings.project, database="keys")
    return Destroying(
        blobs=Blobs(p.documents, p.clock, RandomIds()),
        keys=keys(p).data,
        shredder=KeyShredder(apart, p.clock),
        rosters=RosterStore(p.documents),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )


def inviting(p: Platform, mailing: Mailing) -> Inviting:
    """One-time links."""
    acting = desk(p)
    return Inviting(
        proofs=proofs(p, keys(p), CasesTold(acting)),
        mailing=mailing,
        desk=acting,
        ids=RandomIds(),
        pages_url=f"{p.settings.public_url}/disclosure",
        app_link=p.settings.app_link,
    )


def effects(p: Platform) -> Effects:
    """What touches consents and what is stored."""
    return Effects(
        cases=CaseStore(p.documents),
        recorder=recorder(p),
        erasing=asking_to_erase(p),
        erasures=ErasureStore(p.documents),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )


def results(p: Platform) -> Results:
    """What is handed to people."""
    published = notices(p.settings.notices)
    recipients = RecipientStore(p.documents, [*published][-1].contents.service)
    return Results(
        shelf=shelf(p),
        sources=sources(p, recipients),
        ledger=ConsentStore(p.documents),
        recipients=recipients,
        notices=published,
        clock=p.clock,
    )


def correcting(p: Platform) -> Correcting:
    """What corrects what is held."""
    k = keys(p)
    return Correcting(
        shelf=shelf(p),
        profiles=profiles(p),
        days=MeasurementStore(p.documents, k.data),
        keys=k.data,
        ledger=ConsentStore(p.documents),
        provisions=ProvisionStore(p.documents),
        recipients=RecipientStore(p.documents, [*notices(p.settings.notices)][-1].contents.service),
        clock=p.clock,
        ids=RandomIds(),
    )


def sources(p: Platform, recipients: RecipientStore) -> Sources:
    """Everything that is held of anybody."""
    k = keys(p)
    return Sources(
        days=MeasurementStore(p.documents, k.data),
        zones=ZoneStore(p.documents),
        ledger=ConsentStore(p.documents),
        recipients=recipients,
        notices=notices(p.settings.notices),
        signer=Signer(k.secrets, KEY),
        public_url=p.settings.public_url,
        records={
            Category.PROFILE: ProfileRecords(profile_store(p, k)),
            Category.CONNECTIONS: ConnectionRecords(ConnectionStore(p.documents, p.clock), p.clock),
            Category.PROVISIONS: ProvisionRecords(ProvisionStore(p.documents)),
            Category.ACCESS: AccessRecords(AccessStore(p.documents)),
            Category.ERASURES: ErasureRecords(ErasureStore(p.documents)),
            Category.INQUIRIES: CaseRecords(CaseStore(p.documents)),
        },
        typeset=typeset,
    )


def sweeping(p: Platform) -> Sweeping:
    """One tick."""
    return Sweeping(cases=CaseStore(p.documents), queue=queue(p), clock=p.clock)
