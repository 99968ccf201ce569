"""Distinctive tokens, secrets and readings, looked for wherever they must not be: logs, tasks, plain fields of the
store, messages and representations of what is raised. In stories that go well and in stories with faults."""

import traceback
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from infra.local.google import Fault
from infra.local.google import catalogue as c
from infra.local.google.points import Point
from shared.errors import Conflict, Refused, Unavailable
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind
from tests.faults import story
from tests.faults.passage import MODES, Mode, Strike
from tests.faults.ports import SECRETS
from tests.faults.stage import FIT, HANAKO, START, Hands, Stage
from tests.faults.story import DAY, KINDS
from tests.faults.workers import CLIENT

KG, MMHG, HEAVY = 123.4567, 137.1357, 98765.4321
ORIGIN = "canary-note-of-a-device"
SAYS = "canary-spoken-by-google"


class Listener:
    """Everything that must not give anything away, and everything that must not be given away."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.raised: list[str] = []

    def secrets(self) -> dict[str, str]:
        """What must be found nowhere, by name."""
        told = {f"reading {value}": str(value) for value in (KG, MMHG, HEAVY)}
        told |= {"origin": ORIGIN, "google's words": SAYS, "client secret": SECRETS["oauth-client-secret"].decode()}
        told |= {f"google's {n}": token for n, token in enumerate(self.stage.watch.issued)}
        # A nonce is no secret: it goes through the browser and comes back in what Google signs.
        nonces = {data.get("nonce") for data in self.stage.watch.documents.values()}
        made = [token for token in self.stage.tokens_made() if token not in nonces]
        told |= {f"one-time {n}": token for n, token in enumerate(made)}
        told |= {f"id token {n}": token for n, token in enumerate(self.stage.id_tokens)}
        return told

    def places(self, logged: str) -> Iterator[tuple[str, str]]:
        """Where nothing of that may stand."""
        yield "the log", logged
        yield "what was raised", "\n".join(self.raised)
        for task in self.stage.queue.ever:
            yield "a task", repr(task)
        for path, data in self.stage.watch.documents.items():
            yield path, path + " " + msgspec.msgpack.encode(data, enc_hook=str).decode("latin-1") + repr(data)
        connection = self.stage.watch.connection(HANAKO.uid)
        yield "the connection's view", repr(connection)

    def check(self, logged: str) -> None:
        secrets = self.secrets()
        found = [
            f"{name} in {where}"
            for where, text in self.places(logged)
            for name, secret in secrets.items()
            if secret in text
        ]
        assert not found, found[:10]


def readings(stage: Stage) -> None:
    """Numbers nobody else has, and one that is set aside."""
    account, now = stage.world.accounts[HANAKO.email], stage.world.clock.now()
    account.enter(c.WEIGHT, START - DAY, (KG,), now)
    account.enter(c.PRESSURE, START - DAY, (MMHG, 82.0, 2, 3), now)
    origin, at_ns = f"raw:{c.WEIGHT}:{ORIGIN}:x", _ns(START)
    raw = (
        f'{{"startTimeNanos":"{at_ns}","endTimeNanos":"{at_ns}","dataTypeName":"{c.WEIGHT}","modifiedTimeMillis":"1",'
        f'"originDataSourceId":"{origin}","value":[{{"fpVal":{HEAVY}}}]}}'
    )
    odd = Point(at_ns, at_ns, origin, 1, (HEAVY,), raw)
    account.raw_point(c.merged_ids(c.WEIGHT)[-1], c.WEIGHT, odd)


def _ns(at: Any) -> int:
    return int(at.timestamp()) * 1_000_000_000


@pytest.fixture
async def listener(stage: Stage) -> Listener:
    listening = Listener(stage)
    stage.on_raise = lambda raised: listening.raised.append("".join(traceback.format_exception(raised)) + repr(raised))
    return listening


async def tell(stage: Stage) -> None:
    """Link, sync, refresh with rotation, correct, decide, disconnect."""
    await stage.link(KINDS)
    await stage.deliver()
    stage.world.oauth.rotation = "grace"
    stage.clock.set(START + DAY)
    await stage.tick()
    stage.clock.advance(2 * story.HOUR)
    await stage.deliver()
    await story.disconnect(stage)


async def test_a_whole_story_gives_nothing_away(
    stage: Stage, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    readings(stage)
    await tell(stage)
    assert stage.watch.stored(HANAKO.uid, Kind.WEIGHT)
    assert stage.connection().kinds[Kind.WEIGHT].set_aside == 1
    logged = capsys.readouterr()
    assert "dispatch.done" in logged.err
    listener.check(logged.out + logged.err)


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_is_given_away_where_an_io_goes_wrong(
    stage: Stage, listener: Listener, mode: Mode, capsys: pytest.CaptureFixture[str]
) -> None:
    readings(stage)
    scene = stage.keep()
    await tell(stage)
    for number in range(1, len(stage.passage.trace) + 1, 3):
        await stage.set_up(scene)
        stage.strike(Strike(number, mode))
        await tell(stage)
        logged = capsys.readouterr()
        listener.check(logged.out + logged.err)


@pytest.mark.parametrize("endpoint", ["token", "dataSources", "datasets", "dataPointChanges", "sessions", "revoke"])
@pytest.mark.parametrize("kind", ["malformed", "nan", "html", "duplicate_keys", "truncated", "answer", "status"])
async def test_nothing_of_a_broken_answer_is_given_away(
    stage: Stage, listener: Listener, endpoint: str, kind: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    readings(stage)
    scene = stage.keep()
    for skip in range(3):
        await stage.set_up(scene)
        body = (
            f'{{"error": {{"message": "{SAYS}", "errors": [{{"reason": "{SAYS}"}}]}}, "error_description": "{SAYS}"}}'
        )
        stage.world.faults.add(Fault(kind, endpoint=endpoint, times=3, skip=skip, status=418, body=body, reason=SAYS))
        await tell(stage)
        logged = capsys.readouterr()
        listener.check(logged.out + logged.err)


async def test_a_wrong_code_or_state_is_not_repeated_to_anyone(
    stage: Stage, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    async def back(worker: Hands) -> Any:
        return await worker.linking.returned(state="canary-state-" * 3, code=SAYS * 2, error="", scope=SAYS)

    assert SAYS not in repr(await stage.ask(back))
    with pytest.raises((Refused, Conflict)):
        await stage.ask(lambda worker: worker.linking.confirm(HANAKO.uid, SAYS * 2))
    logged = capsys.readouterr()
    listener.check(logged.out + logged.err)
    assert "canary-state" not in logged.err


@pytest.mark.parametrize("status", [400, 401, 418, 500])
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", SAYS])
async def test_google_is_not_quoted_to_whoever_links_with_a_device_code(
    stage: Stage, listener: Listener, status: int, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    body = f'{{"error": "{error}", "error_description": "{SAYS}"}}'
    stage.world.faults.add(Fault("answer", endpoint="token", times=None, status=status, body=body))
    code = stage.world.mint_server_auth_code(HANAKO.email, CLIENT, [SCOPES[kind] for kind in KINDS])
    with pytest.raises((Refused, Unavailable)):
        await stage.ask(lambda worker: worker.linking.link_with_device_code(HANAKO.uid, FIT, KINDS, code))
    logged = capsys.readouterr()
    assert code in listener.secrets().values()
    listener.check(logged.out + logged.err)


async def test_the_listener_hears(stage: Stage, listener: Listener, capsys: pytest.CaptureFixture[str]) -> None:
    readings(stage)
    await tell(stage)
    capsys.readouterr()
    secrets = listener.secrets()
    # A code, two refresh tokens and two access tokens; state, verifier and one-time code; the rest.
    assert len(secrets) >= 5 + 3 + 6
    for secret in secrets.values():
        with pytest.raises(AssertionError):
            listener.check(f"a line with {secret} in it")
