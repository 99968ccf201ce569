"""Secrets through the real client, against the local Secret Manager over gRPC."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.cloud.secretmanager_v1 import SecretVersion

from infra.local.secrets import LocalSecrets
from infra.local.wire import Server
from shared import log
from shared.clock import ManualClock
from shared.cloud.secrets import FRESH, PAUSE, STALE, Secret, Secrets
from shared.errors import Refused, Unavailable

State = SecretVersion.State
PERMANENT = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
async def service(clock: ManualClock) -> AsyncIterator[tuple[LocalSecrets, str]]:
    held = LocalSecrets(project="p", clock=clock)
    server = Server(held.service())
    await server.start()
    yield held, server.endpoint
    await server.stop()


@pytest.fixture
def held(service: tuple[LocalSecrets, str]) -> LocalSecrets:
    return service[0]


@pytest.fixture
async def secrets(service: tuple[LocalSecrets, str], clock: ManualClock) -> AsyncIterator[Secrets]:
    opened = Secrets(project="p", endpoint=service[1], clock=clock)
    yield opened
    await opened.close()


async def test_the_newest_version_is_read_with_its_number(held: LocalSecrets, secrets: Secrets) -> None:
    held.put("key", b"one")
    held.put("key", b"\x00two")
    assert await secrets.get("key") == Secret(b"\x00two", "2")
    assert await secrets.get_version("key", "1") == b"one"


async def test_a_rotation_is_seen_within_five_minutes(held: LocalSecrets, secrets: Secrets, clock: ManualClock) -> None:
    held.put("key", b"one")
    await secrets.get("key")
    held.put("key", b"two")
    clock.advance(FRESH - timedelta(seconds=1))
    assert (await secrets.get("key")).version == "1"
    clock.advance(timedelta(seconds=1))
    assert (await secrets.get("key")).version == "2"


async def test_while_the_newest_version_is_disabled_the_one_before_serves(held: LocalSecrets, secrets: Secrets) -> None:
    held.put("key", b"one")
    held.put("key", b"two")
    held.put("key", b"three")
    held.set_state("key", "3", State.DISABLED)
    held.set_state("key", "2", State.DESTROYED)
    assert (await secrets.get("key")).version == "1"


async def test_the_enabled_versions_are_listed_newest_first_however_many(held: LocalSecrets, secrets: Secrets) -> None:
    for number in range(1, 251):
        held.put("key", str(number).encode())
    held.set_state("key", "249", State.DISABLED)
    held.set_state("key", "1", State.DESTROYED)
    assert await secrets.enabled("key") == ("250", *(str(number) for number in range(248, 1, -1)))


async def test_the_list_of_enabled_versions_is_asked_for_once_in_five_minutes_and_serves_while_the_service_is_down(
    held: LocalSecrets, secrets: Secrets, clock: ManualClock
) -> None:
    held.put("key", b"one")
    cost = log.open_account()
    assert await secrets.enabled("key") == await secrets.enabled("key") == ("1",)
    assert cost["secrets_listed"] == 1
    held.put("key", b"two")
    held.faults.add("*", PERMANENT, times=99)
    clock.advance(FRESH)
    assert await secrets.enabled("key") == ("1",)
    held.faults.clear()
    clock.advance(PAUSE)
    assert await secrets.enabled("key") == ("2", "1")


async def test_a_secret_without_an_enabled_version_has_none_to_list(held: LocalSecrets, secrets: Secrets) -> None:
    held.put("key", b"one")
    held.set_state("key", "1", State.DISABLED)
    for name, code in (("key", "secret_version_gone"), ("other", "secret_missing")):
        with pytest.raises(Refused) as refused:
            await secrets.enabled(name)
        assert refused.value.code == code


async def test_a_version_that_is_disabled_or_destroyed_is_refused_for_good(
    held: LocalSecrets, secrets: Secrets
) -> None:
    held.put("key", b"one")
    held.put("key", b"two")
    held.set_state("key", "1", State.DISABLED)
    held.set_state("key", "2", State.DESTROYED)
    for ask in (secrets.get("key"), secrets.get_version("key", "1"), secrets.get_version("key", "2")):
        with pytest.raises(Refused) as refused:
            await ask
        assert refused.value.code == "secret_version_gone"


async def test_what_was_never_set_up_is_refused_by_name(held: LocalSecrets, secrets: Secrets) -> None:
    held.put("key", b"one")
    for ask in (secrets.get("other"), secrets.get_version("key", "9"), secrets.get_version("other", "1")):
        with pytest.raises(Refused) as refused:
            await ask
        assert refused.value.code == "secret_missing"


async def test_callers_that_ask_at_once_share_one_call_and_the_cancelled_one_takes_nobody_along(
    held: LocalSecrets, secrets: Secrets
) -> None:
    held.put("key", b"one")
    cost = log.open_account()
    asking = [asyncio.create_task(secrets.get("key")) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [Secret(b"one", "1")] * 19
    assert cost["secrets_read"] == 1


async def test_a_numbered_version_is_read_once_in_a_process(
    held: LocalSecrets, secrets: Secrets, clock: ManualClock
) -> None:
    held.put("key", b"one")
    await secrets.get("key")
    clock.advance(timedelta(days=30))
    held.faults.add("*", PERMANENT, times=99)
    assert await secrets.get_version("key", "1") == b"one"


async def test_while_the_service_is_down_the_newest_known_serves_for_an_hour(
    held: LocalSecrets, secrets: Secrets, clock: ManualClock
) -> None:
    held.put("key", b"one")
    await secrets.get("key")
    held.faults.add("*", PERMANENT, times=99)
    clock.advance(STALE - timedelta(seconds=1))
    assert (await secrets.get("key")).value == b"one"
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unavailable) as unavailable:
        await secrets.get("key")
    assert unavailable.value.code == "secrets_unavailable"
    held.faults.clear()
    assert (await secrets.get("key")).value == b"one"


async def test_a_service_that_is_down_is_waited_for_once_each_half_minute(
    held: LocalSecrets, secrets: Secrets, clock: ManualClock
) -> None:
    held.put("key", b"one")
    await secrets.get("key")
    held.faults.add("*", PERMANENT, times=99)
    clock.advance(FRESH)
    cost = log.open_account()
    for waited_s, tries in ((0, 1), (0, 1), (PAUSE.seconds - 1, 1), (1, 2), (1, 2)):
        clock.advance(timedelta(seconds=waited_s))
        assert (await secrets.get("key")).value == b"one"
        assert cost["secrets_read"] == tries
    held.put("key", b"two")
    held.faults.clear()
    clock.advance(PAUSE)
    assert (await secrets.get("key")).value == b"two"


async def test_a_failure_lately_lets_no_value_serve_beyond_its_hour(
    held: LocalSecrets, secrets: Secrets, clock: ManualClock
) -> None:
    held.put("key", b"one")
    await secrets.get("key")
    held.faults.add("*", PERMANENT, times=1)
    clock.advance(STALE - timedelta(seconds=1))
    assert (await secrets.get("key")).value == b"one"
    held.put("key", b"two")
    clock.advance(timedelta(seconds=1))
    assert (await secrets.get("key")).value == b"two"


async def test_a_moment_of_unavailability_is_not_noticed(held: LocalSecrets, secrets: Secrets) -> None:
    held.put("key", b"one")
    held.faults.add("AccessSecretVersion", grpc.StatusCode.UNAVAILABLE, times=2)
    assert (await secrets.get("key")).value == b"one"


async def test_nothing_listening_is_unavailable(clock: ManualClock) -> None:
    lost = Secrets(project="p", endpoint="127.0.0.1:1", clock=clock, call_s=0.3)
    with pytest.raises(Unavailable):
        await lost.get("key")
    await lost.close()


def test_a_secret_does_not_show_its_value() -> None:
    assert "canary" not in repr(Secret(b"canary", "1"))
