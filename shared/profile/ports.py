"""What keeping and matching profiles needs from outside its domain."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.audit.model import Fact
from shared.cloud.documents import Write
from shared.consent.model import Consents
from shared.profile.model import Change, Held, Profile
from shared.vocabulary import Purpose


class Author(Protocol):
    """Who changes a profile, for the audit log."""

    @property
    def actor(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, Fact]: ...


class Holdings(Protocol):
    """Where profiles are kept: `store.ProfileStore`."""

    async def held(self, uid: str, purpose: Purpose) -> Held:
        """What is held of the person now. Raises Refused `consent_missing`: not held for this purpose."""
        ...

    async def changing(self, uid: str, held: Held, after: Profile, by: Author) -> tuple[Sequence[Write], str]:
        """The writes that make `after` what is held, with audit entry, kept change and index; and the witness."""
        ...

    async def changes(self, uid: str, purpose: Purpose) -> list[Change]:
        """The changes that are kept, the newest first."""
        ...


class ConsentReader(Protocol):
    """Where consents are read: `consent.store.ConsentStore`."""

    async def consents(self, uid: str) -> Consents:
        """The person's consents now."""
        ...
