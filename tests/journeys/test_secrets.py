"""What must never be seen outside the one place where it belongs: tokens, codes, states, measurements, e-mail."""

from datetime import timedelta
from pathlib import Path

import pytest

from infra.local.google import Fault
from infra.local.google import catalogue as c
from infra.local.google.devices import scale
from infra.local.google.faults import FaultKind
from shared.vocabulary import Kind
from tests.journeys.town import Town

WEIGHT = 71.84375  # exact as a float of 32 bits, and nothing else's value


async def test_nothing_secret_reaches_logs_tasks_answers_or_the_store_in_the_clear(
    town: Town, store: str, capfd: pytest.CaptureFixture[str]
):
    hana = town.person("hana", devices=[scale()])
    hana.account.enter(c.WEIGHT, town.clock.now() - timedelta(hours=1), [WEIGHT], town.clock.now())
    url = await hana.start()
    location = await hana.consent(url)
    back = await hana.come_back(location)
    assert (await hana.confirm(back.code)).status == 201
    tasks = "".join(str(entry.task) for entry in town.platform.tasks.waiting())
    assert "sync_user" in tasks
    assert "revoke_due" in tasks
    await town.settle()
    town.world.oauth.rotation = "grace"
    broken: tuple[FaultKind, ...] = ("status", "malformed", "html", "nan")
    for kind in broken:
        town.world.faults.add(Fault(kind, times=3, status=500))
    await town.pass_time(timedelta(hours=6), every=timedelta(hours=1))
    assert WEIGHT in [p["values"]["kg"] for p in await hana.points(Kind.WEIGHT)]

    oauth = town.world.oauth
    secrets = {*oauth.refresh_tokens, *oauth.access_tokens, *oauth.codes, back.code, hana.token.split(".")[2]}
    secrets |= {url.partition("state=")[2].partition("&")[0], hana.account.email, hana.account.sub}
    secrets |= {town.platform.secrets.newest("oauth-client-secret").decode()}
    assert len(oauth.refresh_tokens) > 1
    answers = str([await hana.connection(), (await hana.call("GET", "/consent")).json])
    folder = Path(store.removeprefix("sqlite:")).parent
    stored = b"".join(file.read_bytes() for file in folder.glob("documents*"))
    assert b"users" in stored
    logged = "".join(capfd.readouterr())
    assert '"event": "request"' in logged
    for secret in secrets:
        assert secret not in logged
        assert secret not in tasks
        assert secret not in answers
        assert secret.encode() not in stored
    assert str(WEIGHT) not in logged + tasks + answers
    assert str(WEIGHT).encode() not in stored
