"""Sealing the audit log."""

from shared.audit.checkpoints import KEY
from shared.audit.sealing import Sealing
from shared.cloud.anchors import open_anchors
from shared.cloud.aws import Aws
from shared.cloud.secrets import Secrets
from shared.cloud.signing import Signer
from shared.wiring.platform import Platform


def sealing(p: Platform) -> Sealing:
    """The daily job."""
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    return Sealing(
        documents=p.documents,
        anchors=open_anchors(
            p.settings.anchors, Aws(p.settings, function="audit_checkpoint", http=p.http, clock=p.clock)
        ),
        signer=Signer(secrets, KEY),
        clock=p.clock,
    )
