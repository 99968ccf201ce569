"""Sealing the audit log."""

from shared.audit.checkpoints import KEY
from shared.audit.sealing import Sealing
from shared.cloud.anchors import open_anchors
from shared.cloud.secrets import Secrets
from shared.cloud.signing import Signer
from shared.errors import Refused
from shared.wiring.platform import Platform


def sealing(p: Platform) -> Sealing:
    """The daily job. Raises Refused `settings`: there is nowhere to anchor where nobody can rewrite it."""
    if p.settings.anchors.startswith("folder:") and not p.settings.development:
        raise Refused("settings", "ANCHORS is a folder, which only a developer's machine may have")
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    return Sealing(
        documents=p.documents,
        anchors=open_anchors(p.settings.anchors),
        signer=Signer(secrets, KEY),
        clock=p.clock,
    )
