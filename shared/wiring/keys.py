"""What opens what is sealed."""

from typing import NamedTuple

from shared.cloud.secrets import Secrets
from shared.cloud.stores import open_documents
from shared.cloud.vault import DataKeys, TokenVault
from shared.wiring.platform import Platform


class Keys(NamedTuple):
    """Secrets, and the vaults over them."""

    secrets: Secrets
    tokens: TokenVault
    data: DataKeys


def keys(p: Platform) -> Keys:
    """The vaults. Data keys are in a database of their own."""
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    apart = open_documents(p.settings.documents, project=p.settings.project, database="keys")
    return Keys(secrets, TokenVault(secrets), DataKeys(apart, secrets))
