"""Deciding about consent, and inviting relatives."""

from shared.cloud.pace import Pace
from shared.connection.ending import ConsentFollower
from shared.connection.store import ConnectionStore
from shared.consent.authorities import AuthorityStore, Rights
from shared.consent.invitations import Invitations
from shared.consent.recipients import RecipientStore
from shared.consent.recording import Followers, Recorder
from shared.consent.relations import RelationStore
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.release.provisions import ProvisionStore
from shared.release.shares import ShareFollower, ShareStore
from shared.release.told import ProvisionActs
from shared.wiring.platform import Platform
from shared.wiring.queue import queue

INVITATIONS = 20
"""How often a person may invite within ten minutes."""


def recorder(p: Platform) -> Recorder:
    """The one writer of ledgers, with the connections and the recipients' shares following."""
    follower = ConsentFollower(
        connections=ConnectionStore(p.documents, p.clock), queue=queue(p), clock=p.clock, ids=RandomIds()
    )
    shares = ShareFollower(documents=p.documents, clock=p.clock, ids=RandomIds())
    return Recorder(ConsentStore(p.documents), Followers((follower, shares)), p.commit)


def consenting(p: Platform) -> Consenting:
    """Give, refuse, withdraw, and see."""
    published = notices(p.settings.notices)
    newest = [*published][-1]  # what is shown names the service as the notice in force does: `view.stands`
    return Consenting(
        ledger=ConsentStore(p.documents),
        recorder=recorder(p),
        recipients=RecipientStore(p.documents, newest.contents.service),
        notices=published,
        clock=p.clock,
    )


def rights(p: Platform) -> Rights:
    """Whether somebody may decide for somebody else."""
    return Rights(
        authorities=AuthorityStore(p.documents),
        recorder=recorder(p),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )


def invitations(p: Platform) -> Invitations:
    """Inviting relatives."""
    return Invitations(
        ledger=ConsentStore(p.documents),
        recorder=recorder(p),
        relations=RelationStore(p.documents),
        authorities=AuthorityStore(p.documents),
        notices=notices(p.settings.notices),
        clock=p.clock,
        ids=RandomIds(),
    )


def provision_acts(p: Platform, c: Consenting) -> ProvisionActs:
    """What was handed on of somebody."""
    return ProvisionActs(ProvisionStore(p.documents), ShareStore(p.documents), c.recipients)


def inviting_pace(p: Platform) -> Pace:
    """How often a person may invite."""
    return Pace(p.documents, p.clock, "inviting", INVITATIONS)
