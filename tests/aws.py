"""AWS in tests: moto's server, begun when the first test needs it, for as long as the session lasts."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from infra.local.aws import LocalAws
from shared.clock import SystemClock
from shared.cloud import loops
from shared.cloud.aws import Aws
from shared.cloud.http import Http
from shared.config import Settings, load

GIVEN = {
    "DOCUMENTS": "sqlite:unused",
    "PUBLIC_URL": "http://127.0.0.1:1",
    "FIREBASE_PROJECT": "p",
    "SCHEDULER_ACCOUNT": "scheduler@p",
    "TASKS_ACCOUNT": "tasks@p",
    "GOOGLE_CLIENT_ID": "c",
    "APP_LINK": "https://app.example",
    "DEVELOPMENT": "1",
}


def settings_of(**more: str) -> Settings:
    """A developer's machine's settings, and more."""
    return load(GIVEN | more)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The one server of the session. What tests put there bears names of their own."""
    local = LocalAws()
    local.begin()
    yield local
    local.stop()


@pytest.fixture
async def aws(local_aws: LocalAws) -> AsyncIterator[Aws]:
    """AWS as a function has it on a developer's machine."""
    yield Aws(settings_of(**local_aws.settings()), function="mail", http=Http(), clock=SystemClock())
    await loops.close_all()


@pytest.fixture
async def raw(aws: Aws) -> Callable[..., Any]:
    """The calls themselves, for looking at what was done and for doing what our code never would."""
    return aws.call
