"""The blind index: who holds an account is found by what they state, and without the key nothing is found at all.

`profile_index/{token}` has one entry for each account that holds the same name and birth date, phone number, and so on.
The token is an HMAC over the folded values, the entry's name another, and the account in it is sealed: whoever reads
the store without `match-key` (Secret Manager, versioned) learns neither what is held nor whose it is, nor which entries
are of one person. A lookup reads exactly one document for each facet and version of the key, whoever is looked for.

New entries are made under the newest version; lookups try every enabled one. A version may be disabled when every
profile was indexed anew, and nothing that was sealed under it is needed (infra/playbooks/planned/rotate_keys.md).
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from shared import log
from shared.cloud.documents import Delete, Document, Documents, Expect, Put, Write
from shared.cloud.seal import Key, open_sealed, seal, version_of
from shared.cloud.vault import SecretStore
from shared.errors import Fault
from shared.folding import fold_address, fold_kana, fold_mail, fold_name, fold_phone, fold_postal
from shared.ids import Ids
from shared.profile.model import Address, Field, Profile, Value

MATCH_KEY = "match-key"
MOST_ENTRIES = 64
"""So many accounts may share a name and birth date, or a phone number; whoever comes later is not found by it."""
_UID_BYTES = 256
"""Accounts are padded to this before they are sealed, so that no two differ in size."""
_FACETS: dict[str, tuple[Field, ...]] = {
    "born_named": (Field.BIRTH_ON, Field.NAME),
    "born_read": (Field.BIRTH_ON, Field.KANA),
    "phone": (Field.PHONE,),
    "mail": (Field.MAIL,),
}


class VersionedSecrets(SecretStore, Protocol):
    """Secrets that can also be listed: `secrets.Secrets`."""

    async def enabled(self, name: str) -> tuple[str, ...]: ...


class Indexed(msgspec.Struct, frozen=True):
    """Where one account stands in the index: token and entry, by facet."""

    entries: list[tuple[str, str]] = []


def folded(field: Field, value: Value) -> str:
    """A value as it is compared; "" where there is nothing to compare."""
    match field, value:
        case Field.ADDRESS, Address(postal_code, text):
            return f"{fold_postal(postal_code)} {fold_address(text)}"
        case Field.NAME, str():
            return fold_name(value)
        case Field.KANA, str():
            return fold_kana(value)
        case Field.PHONE, str():
            return fold_phone(value)
        case Field.MAIL, str():
            # How a mail service tells cases of the local part apart is not known; people do not.
            return fold_mail(value).casefold()
        case Field.MEMBER_ID, str():
            return fold_name(value)
        case _:
            return str(value)


class MatchKeys:
    """The versions of `match-key`, and what is derived from them."""

    def __init__(self, secrets: VersionedSecrets) -> None:
        self._secrets = secrets

    async def newest(self) -> Key:
        """What new entries are made under."""
        found = await self._secrets.get(MATCH_KEY)
        return Key(int(found.version), found.value)

    async def every(self) -> list[Key]:
        """Every enabled version, the newest first."""
        return [await self.of(int(version)) for version in await self._secrets.enabled(MATCH_KEY)]

    async def of(self, version: int) -> Key:
        """One version. Raises Refused `secret_version_gone`."""
        return Key(version, await self._secrets.get_version(MATCH_KEY, str(version)))

    async def seal(self, plain: bytes, *place: str) -> bytes:
        """Sealed for `place`, under the newest version."""
        return seal((await self.newest()).derive("seal", *place[:1]), plain, *place)

    async def open(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed for `place`. Raises Refused `seal_broken`, `secret_version_gone`."""
        return open_sealed((await self.of(version_of(sealed))).derive("seal", *place[:1]), sealed, *place)

    async def kept_mark(self, use: str, *parts: str) -> str:
        """A keyed hash that `agrees` can compare with later, under whichever version is newest now."""
        key = await self.newest()
        return f"{key.version}.{mark(key, use, *parts)}"

    async def agrees(self, kept: str, use: str, *parts: str) -> bool:
        """Whether `kept` was made of these parts. Raises Refused `secret_version_gone`."""
        version, _, known = kept.partition(".")
        return hmac.compare_digest(known, mark(await self.of(int(version)), use, *parts))


def mark(key: Key, use: str, *parts: str) -> str:
    """A keyed hash of `parts` for one use: 64 hexadecimal characters."""
    text = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(key.derive(use).secret, text, hashlib.sha256).hexdigest()


class BlindIndex:
    """Finds accounts by what is stated, and keeps the entries of those that are there."""

    def __init__(self, documents: Documents, keys: MatchKeys, ids: Ids) -> None:
        self._documents = documents
        self._keys = keys
        self._ids = ids

    async def candidates(self, stated: Profile, *, most: int) -> list[str]:
        """Exactly `most` accounts: those with the most facets in common with what is stated, then nobody's.

        One read for each facet and version of the key, in one round trip, whatever is found.
        """
        keys = await self._keys.every()
        tokens = [(key, self._token(key, facet, stated)) for key in keys for facet in _FACETS]
        found = await self._documents.get_many([_path(token) for _, token in tokens])
        hits: Counter[str] = Counter()
        for (key, token), document in zip(tokens, found, strict=True):
            if document is not None:
                hits.update(self._accounts(key, token, document))
        return ([uid for uid, _ in hits.most_common(most)] + [self._ids.ident() for _ in range(most)])[:most]

    async def moving(self, uid: str, before: bytes, after: Profile) -> tuple[list[Write], bytes]:
        """The writes by which `uid` is found by what is held `after` and by nothing else, and where it then stands,
        sealed. `before` is that of the last time, b"" at first."""
        key, old = await self._keys.newest(), await self._opened(uid, before)
        tokens = [self._token(key, facet, after) for facet, fields in _FACETS.items() if _has(after, fields)]
        new = [(token, mark(key, "entry", token, uid)) for token in tokens]
        gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
        paths = [_path(token) for token, _ in (*gone, *come)]
        found = await self._documents.get_many(paths) if paths else []
        writes: list[Write] = [
            *self._without(gone, found[: len(gone)]),
            *self._with(key, uid, come, found[len(gone) :]),
        ]
        return writes, await self._keys.seal(msgspec.json.encode(Indexed(new)), "profile_index", uid) if new else b""

    async def is_old(self, sealed: bytes) -> bool:
        """Whether somebody's entries were made under another version of the key than the newest."""
        return bool(sealed) and version_of(sealed) != (await self._keys.newest()).version

    async def _opened(self, uid: str, sealed: bytes) -> list[tuple[str, str]]:
        if not sealed:
            return []
        return msgspec.json.decode(await self._keys.open(sealed, "profile_index", uid), type=Indexed).entries

    def _token(self, key: Key, facet: str, profile: Profile) -> str:
        fields = _FACETS[facet]
        if not _has(profile, fields):
            return self._ids.token()  # leads to nothing, and costs the same
        values = profile.values()
        return mark(key, f"token.{facet}", *(folded(field, values[field]) for field in fields))

    @staticmethod
    def _accounts(key: Key, token: str, found: Document) -> Iterable[str]:
        for entry, sealed in found.data["entries"].items():
            try:
                yield open_sealed(key.derive("account"), sealed, token, entry).rstrip(b"\0").decode()
            except Fault as broken:  # one that was tampered with hides nobody else
                log.event("profile.index_broken", "ERROR", code=broken.code)

    @staticmethod
    def _without(gone: Sequence[tuple[str, str]], found: Sequence[Document | None]) -> Iterable[Write]:
        for (_, entry), document in zip(gone, found, strict=True):
            if document is None or entry not in document.data["entries"]:
                continue
            left = {name: sealed for name, sealed in document.data["entries"].items() if name != entry}
            yield (
                Put(document.path, {"entries": left}, document.version)
                if left
                else Delete(document.path, document.version)
            )

    @staticmethod
    def _with(key: Key, uid: str, come: Sequence[tuple[str, str]], found: Sequence[Document | None]) -> Iterable[Write]:
        account = key.derive("account")
        for (token, entry), document in zip(come, found, strict=True):
            entries = document.data["entries"] if document else {}
            if len(entries) >= MOST_ENTRIES:
                log.event("profile.index_full", "WARNING", count=len(entries))
                continue
            sealed = seal(account, uid.encode().ljust(_UID_BYTES, b"\0"), token, entry)
            yield Put(
                _path(token), {"entries": {**entries, entry: sealed}}, document.version if document else Expect.ABSENT
            )


def _has(profile: Profile, fields: Iterable[Field]) -> bool:
    values = profile.values()
    return all(field in values and folded(field, values[field]) for field in fields)


def _path(token: str) -> str:
    return f"profile_index/{token}"
