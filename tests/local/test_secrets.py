"""The local Secret Manager, spoken to as an operator does, through the real client."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import secretmanager_v1 as sm
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcAsyncIOTransport,
)

from infra.local.secrets import LocalSecrets
from infra.local.wire import Server
from shared.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
KEY = "projects/p/secrets/key"


@pytest.fixture
async def client() -> AsyncIterator[sm.SecretManagerServiceAsyncClient]:
    server = Server(LocalSecrets(project="p", clock=CLOCK).service())
    await server.start()
    channel = grpc.aio.insecure_channel(server.endpoint)
    yield sm.SecretManagerServiceAsyncClient(transport=SecretManagerServiceGrpcAsyncIOTransport(channel=channel))
    await channel.close()
    await server.stop()


@pytest.fixture
async def three(client: sm.SecretManagerServiceAsyncClient) -> sm.SecretManagerServiceAsyncClient:
    await client.create_secret(parent="projects/p", secret_id="key", secret=sm.Secret())
    for value in (b"one", b"two", b"three"):
        await client.add_secret_version(parent=KEY, payload=sm.SecretPayload(data=value))
    return client


async def test_versions_are_numbered_read_and_listed_newest_first(three: sm.SecretManagerServiceAsyncClient) -> None:
    latest = await three.access_secret_version(name=f"{KEY}/versions/latest")
    assert (latest.name, latest.payload.data) == (f"{KEY}/versions/3", b"three")
    assert (await three.access_secret_version(name=f"{KEY}/versions/1")).payload.data == b"one"
    pages = await three.list_secret_versions(request={"parent": KEY, "page_size": 2})
    assert [version.name.rpartition("/")[2] async for version in pages] == ["3", "2", "1"]
    assert (await three.get_secret(name=KEY)).name == KEY


async def test_states_change_as_at_google(three: sm.SecretManagerServiceAsyncClient) -> None:
    await three.disable_secret_version(name=f"{KEY}/versions/3")
    await three.destroy_secret_version(name=f"{KEY}/versions/2")
    for gone in ("latest", "3", "2"):
        with pytest.raises(exceptions.FailedPrecondition):
            await three.access_secret_version(name=f"{KEY}/versions/{gone}")
    pages = await three.list_secret_versions(request={"parent": KEY, "filter": "state:ENABLED"})
    assert [version.name.rpartition("/")[2] async for version in pages] == ["1"]
    await three.enable_secret_version(name=f"{KEY}/versions/3")
    assert (await three.access_secret_version(name=f"{KEY}/versions/latest")).payload.data == b"three"
    with pytest.raises(exceptions.FailedPrecondition):
        await three.enable_secret_version(name=f"{KEY}/versions/2")
    state = (await three.get_secret_version(name=f"{KEY}/versions/2")).state
    assert state == sm.SecretVersion.State.DESTROYED


async def test_what_is_not_there_is_not_found_and_what_is_there_is_not_made_again(
    three: sm.SecretManagerServiceAsyncClient,
) -> None:
    for name in (f"{KEY}/versions/4", f"{KEY}/versions/0", "projects/p/secrets/none/versions/1"):
        with pytest.raises(exceptions.NotFound):
            await three.access_secret_version(name=name)
    with pytest.raises(exceptions.NotFound):
        await three.get_secret(name="projects/other/secrets/key")
    with pytest.raises(exceptions.AlreadyExists):
        await three.create_secret(parent="projects/p", secret_id="key", secret=sm.Secret())


def test_a_file_keeps_values_and_states(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secrets.json"
    held = LocalSecrets(project="p", clock=CLOCK, file=file)
    held.put("key", b"\x00one")
    held.put("key", b"two")
    held.set_state("key", "2", sm.SecretVersion.State.DISABLED)
    again = LocalSecrets(project="p", clock=CLOCK, file=file)
    again.set_state("key", "2", sm.SecretVersion.State.ENABLED)
    assert again.newest("key") == b"two"
    assert again.has("key")
    assert not again.has("other")
