"""What the desk and the profile hold of a person, as records of a package: `package.ports.Records`."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from shared import ids
from shared.audit.access import Seen
from shared.disclosure.package.ports import Record
from shared.disclosure.stored import StoredCase
from shared.profile.model import Held
from shared.vocabulary import Purpose

_PAGE = 200


class Holdings(Protocol):
    """Where profiles are: `profile.store.ProfileStore`."""

    async def held(self, uid: str, purpose: Purpose) -> Held:
        """What is held, opened for a purpose."""
        ...


class Openings(Protocol):
    """Where it is kept who saw whose data: `audit.access.AccessStore`."""

    async def of_subject(self, subject: str, *, after: str = "", limit: int = 50) -> list[Seen] | None:
        """A page, newest first."""
        ...


class CasesOf(Protocol):
    """Where cases are: `store.CaseStore`."""

    async def of_subject(self, subject: str, *, limit: int) -> list[StoredCase]:
        """The newest first."""
        ...


@dataclass(frozen=True, slots=True)
class ProfileRecords:
    """What the person told about themselves."""

    holdings: Holdings
    fields: Sequence[str] = ("name", "kana", "birth_on", "postal_code", "address", "phone", "mail", "member_id")

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """What stands now; nothing where nothing was given."""
        profile = (await self.holdings.held(uid, Purpose.REQUEST_HANDLING)).profile
        if not profile.values():
            return
        told = msgspec.structs.asdict(profile)
        told["postal_code"] = profile.address.postal_code if profile.address else None
        told["address"] = profile.address.text if profile.address else None
        yield Record("profile", told)


@dataclass(frozen=True, slots=True)
class AccessRecords:
    """Who of the staff opened the person's data, in which role, and why. Colleagues are told by their ids."""

    openings: Openings
    fields: Sequence[str] = ("at", "staff", "role", "what", "reason", "case")

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """By when it was opened."""
        subject, after = ids.digest("subject", uid), ""
        while page := await self.openings.of_subject(subject, after=after, limit=_PAGE):
            for one in page:
                if since <= one.access.at < until:
                    told = {name: getattr(one.access, name) for name in self.fields}
                    yield Record(one.id, told)
            after = page[-1].id


@dataclass(frozen=True, slots=True)
class CaseRecords:
    """The requests that the person made before, and what came of them."""

    cases: CasesOf
    fields: Sequence[str] = ("number", "filed_at", "channel", "stage", "requests", "outcomes", "answered_on")

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """By when they were made."""
        for one in await self.cases.of_subject(ids.digest("subject", uid), limit=_PAGE):
            case = one.value
            if since <= case.contacted_at < until:
                told = {
                    "number": case.number,
                    "filed_at": case.contacted_at,
                    "channel": str(case.channel),
                    "stage": str(case.stage),
                    "requests": [str(item.type) for item in case.items.values()],
                    "outcomes": [str(item.decision.outcome) for item in case.items.values() if item.decision],
                    "answered_on": case.closed_on,
                }
                yield Record(one.id, told)
