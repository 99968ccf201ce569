"""References to accounts: what a case keeps of a match. They tell nothing, are of one size, and open for one case."""

from collections.abc import Sequence

import msgspec

from shared.profile.blind import MatchKeys

_BYTES = 1024
"""Room for as many accounts as are compared; all are padded to this."""


class References:
    """Seals and opens references."""

    def __init__(self, keys: MatchKeys) -> None:
        self._keys = keys

    async def seal(self, case: str, uids: Sequence[str]) -> bytes:
        """A reference to these accounts, or to nobody."""
        plain = msgspec.json.encode(list(uids))
        if len(plain) > _BYTES:
            raise ValueError("more accounts than a reference holds")
        return await self._keys.seal(plain.ljust(_BYTES), "account_reference", case)

    async def open(self, case: str, reference: bytes) -> tuple[str, ...]:
        """The accounts. More than one where the person has several, or somebody else declared the same: then a match
        alone does not say whose they are.

        Raises Refused `seal_broken`: altered, or another case's.
        """
        plain = await self._keys.open(reference, "account_reference", case)
        return msgspec.json.decode(plain, type=tuple[str, ...])
