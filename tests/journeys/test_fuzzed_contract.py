"""Schemathesis: what the contract lets a caller send, and what it does not, against the running platform."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from infra.local.google import World
from infra.local.platform import Platform
from shared.clock import ManualClock
from shared.problems import PROBLEMS
from tests.faults.schedules import EVERY
from tests.journeys.conftest import GOOGLES_KEY, SETTINGS
from tests.journeys.contract import Contract
from tests.journeys.desk import ASSERTION, desk_of
from tests.journeys.town import SIGNING, START, Heard, Town

EXAMPLES = 200 if EVERY else 20
"""How many invented calls of each operation, besides those that follow from its schema."""
WHO = {"disconnect": "ken", "decideConsent": "yui", "stopEverything": "yui", "askToErase": "yui"}
"""Who calls which operation, so that none ends what another needs; everything else is hana's."""
CLERK = "yamamoto@kagamino.example"
"""Who holds every role that handles cases."""
MACHINES = {
    "revokeDue": "connection",
    "syncUser": "sync_user",
    "dispatchSyncs": "sync_dispatch",
    "sealAuditLog": "audit_checkpoint",
    "carryOutErasure": "erasure",
    "tickMail": "mail",
    "sendMail": "mail",
    "workOnCase": "case_work",
    "sweepCases": "case_work",
    "letGo": "retention",
}
FOR_REASONS_NO_SCHEMA_TELLS = {
    "startLinking": ["410"],  # a server auth code that Google never issued
    "returnFromGoogle": ["303"],
    "confirmLink": ["410"],  # a one-time code that was never given
    "readConsent": ["403"],  # for somebody whom nobody gave a right over
    "decideConsent": ["400", "403", "409"],  # two decisions on one cell; the same; a state that has moved on
    "askToErase": ["409"],  # what is still consented to, or is being erased already
    "exportConsent": ["429"],  # too often
    "listRelations": ["403"],
    "inviteRelative": [
        "400",
        "403",
        "409",
        "429",
    ],  # a kind twice; nobody's right; a state that has moved on; too often
    "acceptInvitation": ["410"],  # one that was never made
    "endRelation": ["403", "410"],
    "listProvisions": ["400"],  # a page behind one that is not theirs
    # a day nobody was born on, a number of too few digits; another version than is held; too often
    "giveProfile": ["400", "409", "429"],
    "takeProfileField": ["409", "429"],
    "readMeasurements": ["400"],  # dates the wrong way round, a zone that is none
    "tellZone": ["400"],
    # no request, or too many; a day nobody means; too often
    "fileRequest": ["400", "429"],
    "listCases": ["400"],
    # an agent where none acts, nobody named, texts too long; a complaint about no case
    "beginCase": ["400"],
    "openCase": ["400", "429"],
    # an opening that was never given; a link that was never mailed
    "actOnCase": ["400"],
    "confirmAccount": ["410", "429"],
    "confirmMail": ["410"],
    "redeemDelivery": ["410"],
    "fetchDelivered": ["401"],
}
LOST_ON_THE_WAY = {"openConsentPage"}
"""Whose invented parameters may hold nothing, of which nothing stands in the address that is asked."""
PARKED = "200"  # what a queue sent in vain is acknowledged


CONTRACT = Contract()


def configuration(*, coverage: bool) -> SchemathesisConfig:
    """What is expected of which operation; with `coverage`, each is also called as systematically as its schema asks
    for."""
    accepted = ["2xx", "401", "404"]
    refused = ["400", "401", "404", "405", "413"]
    operations = [
        {
            "include-operation-id": operation["operationId"],
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": accepted + FOR_REASONS_NO_SCHEMA_TELLS.get(operation["operationId"], [])
                },
                "negative_data_rejection": {
                    "expected-statuses": refused
                    + ([PARKED] if operation["operationId"] in MACHINES.keys() | LOST_ON_THE_WAY else [])
                },
            },
        }
        for _, _, operation in CONTRACT.operations()
    ]
    # TRACE never reaches us: functions-framework answers it, in plain text.
    methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
    phases = {"coverage": {"enabled": coverage, "unexpected-methods": methods}}
    return SchemathesisConfig.from_dict({"operations": operations, "phases": phases})


# The forms of staff's pages are their own affair, and their tests'.
SCHEMA = schemathesis.openapi.from_dict(CONTRACT.document, config=configuration(coverage=True)).exclude(tag="pages")
FOR_STRANGERS = schemathesis.openapi.from_dict(CONTRACT.document, config=configuration(coverage=EVERY)).exclude(
    tag="pages"
)
FUZZ = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class Running:
    """A platform on an event loop of its own, since schemathesis waits for each answer."""

    def __init__(self, folder: Path) -> None:
        self.http = requests.Session()
        self.http.trust_env = False  # what it would look for before each call
        self.http.headers.clear()
        self._clock = ManualClock(START)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        world = World(self._clock, auto_live=True, signing_key=GOOGLES_KEY)
        self.platform = Platform(
            self._clock,
            documents=f"sqlite:{folder / 'documents'}",
            world=world,
            settings={**SETTINGS, "LINK_ATTEMPTS": "1000000"},
        )
        self.platform.issuer.firebase.adopt(SIGNING)
        self.platform.issuer.google.adopt(SIGNING)
        self._do(self._settle_in())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _settle_in(self) -> None:
        await self.platform.start()
        async with Town(self.platform, CONTRACT, Heard(None)) as town:
            await desk_of(town)
            for uid in ("hana", "ken", "yui"):
                await town.person(uid, days=2).link()

    def authorization(self, operation: str, security: list[dict[str, list[str]]]) -> dict[str, str]:
        """What the one who may call an operation sends, a minute after the last call."""
        self._clock.advance(timedelta(minutes=1, seconds=1))
        if operation == "returnFromGoogle":
            return {}
        token = self.platform.issuer.token_for(WHO.get(operation, "hana"))
        if operation in MACHINES:
            ticks = ("dispatchSyncs", "sealAuditLog", "sweepCases", "tickMail", "letGo")
            account = "SCHEDULER_ACCOUNT" if operation in ticks else "TASKS_ACCOUNT"
            audience = f"{self.platform.url}/{MACHINES[operation]}"
            token = self.platform.issuer.service_token(self.platform.settings[account], audience)
        if security == [{"staff": []}]:
            return {ASSERTION: self.platform.issuer.staff_assertion(CLERK), **at_home(self.platform)}
        return {"Authorization": f"Bearer {token}"}

    def close(self) -> None:
        self.http.close()
        self._do(self.platform.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def at_home(platform: Platform) -> dict[str, str]:
    """What a browser sends along on our own pages."""
    return {"origin": platform.url, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("fuzzed"))
    yield running
    running.close()


@SCHEMA.parametrize()
@FUZZ
def test_every_answer_is_as_the_contract_says(case: schemathesis.Case, running: Running):
    raw = case.operation.definition.raw
    sent = running.authorization(raw["operationId"], raw["security"])
    case.call_and_validate(running.platform.url, running.http, sent)


@FOR_STRANGERS.parametrize()
@FUZZ
def test_without_a_token_nobody_learns_anything(case: schemathesis.Case, running: Running):
    if not case.operation.definition.raw["security"]:
        return
    strange = {"Authorization": "", ASSERTION: "", **at_home(running.platform)}
    response = case.call(running.platform.url, running.http, strange)
    assert response.status_code in (401, 404, 405)
    if response.status_code == 401:
        assert_says_to_sign_in(response)
        assert response.headers["www-authenticate"] == ["Bearer"]


def assert_says_to_sign_in(response: schemathesis.Response):
    if response.headers["content-type"] == ["text/html; charset=utf-8"]:
        assert PROBLEMS["unauthenticated"].en in response.text
    else:
        assert response.json()["code"] == "unauthenticated"
