"""What opens what is sealed."""

from typing import NamedTuple

from shared.cloud.secrets import Secrets
from shared.cloud.stores import open_documents
from shared.cloud.vault import DataKeys, TokenVault
from shared.wiring.base import Base


class Keys(NamedTuple):
    """Secrets, and the vaults over them."""

    secrets: Secrets
    tokens: TokenVault
    data: DataKeys


def keys(b: Base) -> Keys:
    """The vaults. Data keys are in a database of their own."""
    secrets = Secrets(project=b.settings.project, endpoint=b.settings.secrets_endpoint, clock=b.clock)
    apart = open_documents(b.settings.documents, project=b.settings.project, database="keys")
    return Keys(secrets, TokenVault(secrets), DataKeys(apart, secrets, b.clock))
