"""Telling people things by e-mail."""

from shared.cloud.aws import Aws
from shared.cloud.mail import SesMail, SesNews
from shared.cloud.vault import DataSealing
from shared.ids import RandomIds
from shared.mail.service import Outbox, Sending
from shared.mail.store import MessageStore
from shared.mail.tick import Ticking
from shared.wiring.keys import keys
from shared.wiring.platform import Platform
from shared.wiring.queue import queue

SEALED_FOR = "mail"


def outbox(p: Platform) -> Outbox:
    """For whoever has something to tell. It knows no AWS."""
    return Outbox(
        messages=MessageStore(p.documents),
        sealing=DataSealing(keys(p).data, use=SEALED_FOR),
        commit=p.commit,
        queue=queue(p),
        clock=p.clock,
        ids=RandomIds(),
    )


def sending(p: Platform, aws: Aws) -> Sending:
    """The work itself."""
    s = p.settings
    return Sending(
        messages=MessageStore(p.documents),
        sealing=DataSealing(keys(p).data, use=SEALED_FOR),
        carrier=SesMail(aws, sender=s.mail_from, configuration_set=s.mail_configuration_set),
        commit=p.commit,
        queue=queue(p),
        clock=p.clock,
    )


def ticking(p: Platform, aws: Aws) -> Ticking:
    """What the clock does."""
    return Ticking(
        messages=MessageStore(p.documents),
        news=SesNews(aws, p.settings.mail_events_url),
        commit=p.commit,
        queue=queue(p),
        clock=p.clock,
    )
