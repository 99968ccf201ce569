"""Staff at their commands, beside a town: what they register, it has at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from infra.local import hospital
from infra.staff import institutions, registering
from shared.cloud.stores import open_documents
from shared.consent.institutions import Institutions
from shared.consent.registering import Registering
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.vocabulary import Kind
from tests.journeys.town import Answer, App, Town


class Staff(NamedTuple):
    """What their commands call."""

    institutions: Institutions
    people: Registering


@asynccontextmanager
async def at_work(town: Town) -> AsyncIterator[Staff]:
    """Over the town's store."""
    settings = town.platform.settings
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    try:
        parts = (documents, town.clock, RandomIds(), notices())
        yield Staff(institutions(*parts), registering(*parts))
    finally:
        await documents.close()


class Hospital:
    """A registered hospital's system, which calls as its own account."""

    def __init__(self, town: Town, known: hospital.Hospital) -> None:
        self.town, self.known = town, known
        self.recipient = known.recipient

    async def call(self, path: str, **claims: object) -> Answer:
        """GET below /release. `claims` add to its token, or replace what it says."""
        token = self.known.token(self.town.platform.issuer, self.town.platform.url, **claims)
        return await self.town.call("GET", f"/release{path}", token=token)

    async def people(self) -> list[Any]:
        """Whom it may read, and what has ended."""
        answer = await self.call("")
        assert answer.status == 200, answer.body
        found: list[Any] = answer.json["people"]
        return found


async def hospital_of(town: Town, account: str = "reader@minato-hospital.iam.gserviceaccount.com") -> Hospital:
    """The hospital with this account, registered now if it is not yet."""
    settings = town.platform.settings
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    try:
        return Hospital(town, await hospital.registered(documents, town.clock, account=account))
    finally:
        await documents.close()


def reading(person: str, kind: Kind = Kind.WEIGHT, purpose: str = "health_guidance", form: str = "summaries") -> str:
    """What is asked below /release for the first days of the story."""
    asked = f"person={person}&purpose={purpose}&kind={kind}&from=2026-11-20&to=2026-11-24&zone=Asia/Tokyo"
    return f"/{form}?{asked}"


async def standing(app: App, query: str = "") -> Any:
    """Where consents stand, as the app is told."""
    answer = await app.call("GET", f"/consent{query}")
    assert answer.status == 200, answer.body
    return answer.json


def cells(stands: Any) -> dict[tuple[str, str, str], str]:
    """The states by purpose, kind and recipient."""
    return {(cell["purpose"], cell["kind"], cell["recipient"]): cell["state"] for cell in stands["cells"]}


async def decide(
    app: App,
    decision: str,
    *kinds: Kind,
    purpose: str = "qolms_store",
    recipient: str = "qolms",
    seen: Any = None,
    on_behalf: dict[str, str] | None = None,
) -> Answer:
    """Decide, having looked at `seen`, or at what stands now."""
    seen = seen or await standing(app)
    changes = [{"purpose": purpose, "kind": k, "recipient": recipient, "decision": decision} for k in kinds]
    body = {"changes": changes, "notice": seen["notice"], "if_epoch": seen["epoch"]}
    return await app.call("POST", "/consent", body=body if on_behalf is None else {**body, "on_behalf": on_behalf})
