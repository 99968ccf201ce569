"""Two databases, keys and people, for tests of profiles."""

import datetime as dt
from functools import partial
from typing import Any, NamedTuple

from shared.clock import ManualClock
from shared.cloud.documents import Documents, settle
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from shared.consent.store import ConsentStore
from shared.disclosure.intake.mynumber import masked
from shared.ids import Ids
from shared.profile.blind import MATCH_KEY, BlindIndex, MatchKeys
from shared.profile.erasing import ProfileEraser
from shared.profile.model import Address, Field, Held, Value
from shared.profile.service import Profiles
from shared.profile.store import ProfileStore
from tests.fakes import MemorySecrets

HANA: dict[Field, Value | None] = {
    Field.NAME: "山田　花子",
    Field.KANA: "ヤマダ ハナコ",
    Field.BIRTH_ON: dt.date(1990, 4, 1),
    Field.ADDRESS: Address("108-8210", "東京都港区港南2-15-3"),
    Field.PHONE: "03-6846-1002",
    Field.MAIL: "hana@example.jp",
    Field.MEMBER_ID: "M-00017",
}


class World(NamedTuple):
    """Two databases, as there are."""

    default: Documents
    keys: Documents
    clock: ManualClock
    ids: Ids
    secrets: MemorySecrets

    def blind(self) -> BlindIndex:
        return BlindIndex(self.default, MatchKeys(self.secrets), self.ids)

    def data_keys(self) -> DataKeys:
        return DataKeys(self.keys, self.secrets)

    def store(self) -> ProfileStore:
        return ProfileStore(self.default, self.data_keys(), self.blind(), self.clock)

    def profiles(self) -> Profiles:
        return Profiles(
            holdings=self.store(),
            consents=ConsentStore(self.default),
            commit=partial(settle, self.default),
            clock=self.clock,
            has_number=lambda text: masked(text).found,
        )

    def eraser(self) -> ProfileEraser:
        return ProfileEraser(self.default, self.blind(), self.clock)

    async def give(self, uid: str, given: dict[Field, Value | None] = HANA, *, if_version: int = 0) -> Held:
        return await self.profiles().change(uid, given, if_version=if_version)


def world_at(path: Any, clock: ManualClock, ids: Ids) -> World:
    """A world of two files, with nobody in it."""
    secrets = MemorySecrets({WRAPPING_KEY: [b"w" * 32], MATCH_KEY: [b"m" * 32]})
    return World(SqliteDocuments(str(path / "default")), SqliteDocuments(str(path / "keys")), clock, ids, secrets)
