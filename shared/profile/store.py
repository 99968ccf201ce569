"""Profiles as documents, sealed under the person's data key.

`users/{uid}/profile/held` is what stands; `users/{uid}/profile_changes/{number}` what stood before each change, of
which the last `CHANGES_KEPT` are kept. The index is in `blind`.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from shared import ids
from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.clock import Clock
from shared.cloud.documents import Delete, Document, Documents, Expect, Put, Query, Write
from shared.cloud.seal import Key, open_sealed, seal
from shared.cloud.vault import DataKeys
from shared.errors import NotFound, Refused
from shared.ids import fresh_bytes
from shared.profile.blind import BlindIndex
from shared.profile.model import CHANGES_KEPT, Change, Field, Held, Profile, may_open, touched
from shared.profile.ports import Author
from shared.vocabulary import Purpose

NO_KEY = Key(1, fresh_bytes(32))
"""Opens what stands in for a profile where there is none, so that finding none takes as long."""
_PLACE = ("nobody", "profile", "0")
NOTHING = seal(NO_KEY, msgspec.json.encode(Profile()), *_PLACE)


class Stored(msgspec.Struct, frozen=True):
    """The document. `sealed` is b"" where nothing is held: never given, or erased."""

    number: int = 0
    sealed: bytes = b""
    index: bytes = b""
    audit: Head = Head()


class _StoredChange(msgspec.Struct, frozen=True):
    number: int
    at: dt.datetime
    actor: str
    fields: list[Field]
    sealed: bytes


class ProfileStore:
    """Opens profiles, and turns changes of them into writes."""

    def __init__(self, documents: Documents, keys: DataKeys, index: BlindIndex, clock: Clock) -> None:
        self._documents = documents
        self._keys = keys
        self._index = index
        self._clock = clock

    async def held(self, uid: str, purpose: Purpose) -> Held:
        """As `ports.Holdings`. One read, and one of the key where something is held. Raises Refused `key_destroyed`."""
        may_open(purpose)
        found = await self._documents.get(held_path(uid))
        stored = decoded(found)
        profile = _open(await self._keys.key(uid), uid, stored) if stored.sealed else Profile()
        version = found.version if found else None
        return Held(profile=profile, number=stored.number, index=stored.index, audit=stored.audit, version=version)

    async def several(self, uids: Sequence[str], purpose: Purpose) -> list[Profile]:
        """What is held of each; nothing where there is nobody, or it does not open. Two reads each, whoever it is."""
        may_open(purpose)
        found = await self._documents.get_many([held_path(uid) for uid in uids])
        return await asyncio.gather(*(self._opened(uid, decoded(one)) for uid, one in zip(uids, found, strict=True)))

    async def _opened(self, uid: str, stored: Stored) -> Profile:
        try:
            key = await self._keys.key(uid)
            if stored.sealed:
                return _open(key, uid, stored)
        except (NotFound, Refused):
            pass  # nobody, or erased
        return msgspec.json.decode(open_sealed(NO_KEY, NOTHING, *_PLACE), type=Profile)

    async def changing(self, uid: str, held: Held, after: Profile, by: Author) -> tuple[list[Write], str]:
        """As `ports.Holdings`. Reads the index, and makes the person's data key where there is none."""
        key, number, fields = await self._keys.ensure(uid), held.number + 1, touched(held.profile, after)
        index_writes, index = await self._index.moving(uid, held.index, after)
        facts: dict[str, Fact] = {**by.facts, "number": number, "fields": [str(field) for field in fields]}
        at = self._clock.now()
        entry, head = append(stream_of(uid), held.audit, at=at, actor=by.actor, action="profile.changed", facts=facts)
        before = _only(held.profile, fields)
        change = _StoredChange(number, at, by.actor, fields, _seal(key, before, uid, "profile_change", str(number)))
        standing = Stored(number, _seal(key, after, uid, "profile", str(number)), index, head)
        audit = entry_write(entry)
        writes: list[Write] = [
            Put(held_path(uid), _builtins(standing), held.version or Expect.ABSENT),
            Put(change_path(uid, number), _builtins(change)),
            *index_writes,
            audit,
        ]
        if number > CHANGES_KEPT:
            writes.append(Delete(change_path(uid, number - CHANGES_KEPT)))
        return writes, audit.path

    async def changes(self, uid: str, purpose: Purpose) -> list[Change]:
        """As `ports.Holdings`."""
        may_open(purpose)
        found = await past(self._documents, uid)
        if not found:
            return []
        key = await self._keys.key(uid)
        return [_change(key, uid, one.data) for one in reversed(found)]

    async def reindex(self, uid: str) -> bool:
        """Have the person found under the newest version of the index's key. True if that changed anything.

        Raises Conflict where the profile changes at this very moment. Refused `key_destroyed`.
        """
        found = await self._documents.get(held_path(uid))
        stored = decoded(found)
        if found is None or not await self._index.is_old(stored.index):
            return False
        profile = _open(await self._keys.key(uid), uid, stored)
        writes, index = await self._index.moving(uid, stored.index, profile)
        moved = msgspec.structs.replace(stored, index=index)
        await self._documents.commit([Put(found.path, _builtins(moved), found.version), *writes])
        return True


def held_path(uid: str) -> str:
    """Where a person's profile lives."""
    return f"users/{uid}/profile/held"


def changes_of(uid: str) -> str:
    """The collection of what stood before."""
    return f"users/{uid}/profile_changes"


async def past(documents: Documents, uid: str) -> list[Document]:
    """What stood before, the oldest first, still sealed."""
    return await documents.query(Query(changes_of(uid), limit=CHANGES_KEPT + 1))


def change_path(uid: str, number: int) -> str:
    """Where what stood before one change lives."""
    return f"{changes_of(uid)}/{number:010d}"


def stream_of(uid: str) -> str:
    """The profile's audit stream."""
    return f"profile.{ids.digest('subject', uid)}"


def decoded(found: Document | None) -> Stored:
    """The document as it is kept."""
    return msgspec.convert(found.data, Stored, builtin_types=KEPT) if found else Stored()


def _builtins(value: msgspec.Struct) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(value, builtin_types=KEPT)
    return data


def _seal(key: Key, profile: Profile, *place: str) -> bytes:
    return seal(key, msgspec.json.encode(profile), *place)


def _open(key: Key, uid: str, stored: Stored) -> Profile:
    return msgspec.json.decode(open_sealed(key, stored.sealed, uid, "profile", str(stored.number)), type=Profile)


def _change(key: Key, uid: str, data: Mapping[str, Any]) -> Change:
    one = msgspec.convert(data, _StoredChange, builtin_types=KEPT)
    before = open_sealed(key, one.sealed, uid, "profile_change", str(one.number))
    return Change(
        number=one.number,
        at=one.at,
        actor=one.actor,
        fields=one.fields,
        before=msgspec.json.decode(before, type=Profile),
    )


def _only(profile: Profile, fields: Sequence[Field]) -> Profile:
    return Profile(**{field.value: getattr(profile, field) for field in fields})
