"""Each door opens for its own caller, and for nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from infra.local.google.devices import scale
from tests.journeys.town import Answer, Town

APP: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/oauth_start", {"provider": "google_fit", "kinds": ["steps"]}),
    ("GET", "/connection", None),
    ("POST", "/connection/confirm", {"code": "x" * 43}),
    ("POST", "/connection/sync", {}),
    ("DELETE", "/connection/google_fit", None),
    ("GET", "/consent", None),
    ("POST", "/consent", {"changes": []}),
    ("GET", "/consent/provisions", None),
    ("GET", "/measurement?kind=steps&from=2026-11-22&to=2026-11-22", None),
    ("POST", "/measurement/zone", {"zone": "UTC"}),
    ("GET", "/disclosure/requests", None),
    ("POST", "/disclosure/requests", {"id": "a" * 26, "requests": [{"type": "purpose_notice"}]}),
    ("POST", "/disclosure/requests/proofs", {"token": "x"}),
)
MACHINES: tuple[tuple[str, str, Any, str], ...] = (
    ("POST", "/audit_checkpoint", None, "scheduler"),
    ("POST", "/sync_dispatch", None, "scheduler"),
    ("POST", "/sync_user", {"uid": "hana", "provider": "google_fit"}, "tasks"),
    ("POST", "/connection/revoke_due", {"grant": "a" * 26}, "tasks"),
    ("POST", "/mail", None, "scheduler"),
    ("POST", "/mail/send", {"message": "a" * 26}, "tasks"),
    ("POST", "/case_work", None, "scheduler"),
    ("POST", "/case_work/run", {"case": "a" * 26}, "tasks"),
    ("POST", "/retention", None, "scheduler"),
)

Forge = Callable[[Town, str], str | None]
FORGED: dict[str, Forge] = {
    "no token": lambda town, _: None,
    "an app user's token": lambda town, _: town.platform.issuer.token_for("hana"),
    "another service account": lambda town, at: town.platform.issuer.service_token(
        "evil@p.iam.gserviceaccount.com", at
    ),
    "another function's audience": lambda town, _: service(town, "elsewhere"),
    "an audience with more behind it": lambda town, at: service(town, at.rpartition("/")[2] + "/x"),
    "an e-mail nobody verified": lambda town, at: service(town, at.rpartition("/")[2], email_verified=False),
    "another issuer": lambda town, at: service(town, at.rpartition("/")[2], iss="https://evil.example"),
    "a token of yesterday": lambda town, at: service(town, at.rpartition("/")[2], exp=1, iat=0),
    "nonsense": lambda town, _: "a.b.c",
}


def service(town: Town, function: str, **claims: object) -> str:
    account = town.platform.settings["TASKS_ACCOUNT"]
    return town.platform.issuer.service_token(account, f"{town.platform.url}/{function}", **claims)


def refused(answer: Answer) -> bool:
    return (answer.status, answer.code, answer.headers["www-authenticate"]) == (401, "unauthenticated", "Bearer")


async def test_the_machines_doors_open_for_no_forged_token(town: Town):
    for method, path, body, _ in MACHINES:
        function = path.split("/")[1]
        for what, forge in FORGED.items():
            token = forge(town, f"{town.platform.url}/{function}")
            headers = {"X-CloudTasks-TaskName": "t", "X-CloudScheduler": "true"}  # anybody can write these
            answer = await town.call(method, path, token=token, body=body, headers=headers)
            assert refused(answer), (path, what)


async def test_the_scheduler_is_not_the_queue_nor_the_reverse(town: Town):
    for method, path, body, account in MACHINES:
        function = path.split("/")[1]
        other = "tasks" if account == "scheduler" else "scheduler"
        assert refused(await town.call(method, path, body=body, token=town.service_token(other, function)))
        answer = await town.call(method, path, body=body, token=town.service_token(account, function))
        assert answer.status == 200, path


async def test_the_apps_doors_open_for_no_service_and_no_foreign_token(town: Town):
    issuer = town.platform.issuer
    foreign = {
        "none": None,
        "a service's": town.service_token("tasks", "connection"),
        "another project's": issuer.token_for("hana", aud="other", iss="https://securetoken.google.com/other"),
        "another issuer's": issuer.token_for("hana", iss="https://accounts.google.com"),
        "one of yesterday": issuer.token_for("hana", exp=1_700_000_000),
        "one of tomorrow": issuer.token_for("hana", iat=4_000_000_000),
        "one without a subject": issuer.token_for("", user_id=""),
        "one that points elsewhere": issuer.token_for("../ken"),
        "one signed by another key of ours": issuer.google.sign({"sub": "hana", "aud": "x"}),
    }
    for what, token in foreign.items():
        for method, path, body in APP:
            assert refused(await town.call(method, path, token=token, body=body)), (path, what)


@pytest.mark.parametrize("ended", ["signed out everywhere", "disabled"])
async def test_the_apps_doors_close_within_a_minute_behind_whoever_firebase_shut_out(town: Town, ended: str):
    hana, issuer = town.person("hana"), town.platform.issuer
    await hana.link()
    token = hana.token
    assert (await town.call("GET", "/connection", token=token)).status == 200
    if ended == "disabled":
        issuer.disabled.add("hana")
    else:
        issuer.sign_out_everywhere("hana")
    await town.platform.advance(timedelta(minutes=1), schedules=False)
    for method, path, body in APP:
        assert refused(await town.call(method, path, token=token, body=body)), path
    if ended != "disabled":
        assert (await hana.call("GET", "/connection")).status == 200, "signed in anew"


async def test_the_browsers_door_needs_no_token_and_minds_none(town: Town):
    for token in (None, "nonsense", town.platform.issuer.token_for("hana")):
        assert (await town.call("GET", "/oauth_callback?state=x", token=token)).status == 303


@pytest.mark.parametrize(
    "payload",
    [
        b'{"uid": "nobody", "provider": "google_fit"}',
        b'{"uid": "users/hana", "provider": "google_fit"}',
        b'{"uid": "", "provider": "google_fit"}',
        b'{"uid": "..", "provider": "google_fit"}',
        b'{"uid": "__reserved__", "provider": "google_fit"}',
        b'{"uid": "\\ud800", "provider": "google_fit"}',
        b'{"uid": "a\\u0000b", "provider": "google_fit"}',
        b'{"uid": 1, "provider": "google_fit"}',
        b'{"uid": "hana", "provider": "fitbit"}',
        b'{"uid": "' + b"a" * 129 + b'", "provider": "google_fit"}',
        b"{}",
        b"[]",
        b"null",
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * (2 << 20),
    ],
    ids=lambda payload: payload[:36].decode(errors="replace"),
)
async def test_a_task_that_makes_no_sense_is_acknowledged_and_does_nothing(town: Town, payload: bytes):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    await town.pass_time(timedelta(hours=2, minutes=30))
    before, calls = await hana.connection(), town.google_calls()
    answer = await town.call("POST", "/sync_user", raw=payload, token=town.service_token("tasks", "sync_user"))
    assert answer.status == 200
    assert answer.json.keys() == {"parked"} or answer.json["outcome"] == "nothing_to_do"
    assert (await hana.connection(), town.google_calls()) == (before, calls)


@pytest.mark.parametrize(
    "payload", [b'{"grant": "users/hana"}', b'{"grant": ""}', b'{"grant": "\\ud800"}', b"{}", b"x"]
)
async def test_a_revocation_that_makes_no_sense_is_acknowledged(town: Town, payload: bytes):
    token = town.service_token("tasks", "connection")
    answer = await town.call("POST", "/connection/revoke_due", raw=payload, token=token)
    assert (answer.status, answer.json.keys()) == (200, {"parked"})


async def test_addresses_and_methods_that_are_not_there_answer_problems(town: Town):
    hana = town.person("hana", devices=[])
    for path in ("/", "/nobody", "/connection/a/b", "/consent/x", "/oauth_start/x", "/measurement/zone/x"):
        answer = await hana.call("GET", path)
        assert (answer.status, answer.code) == (404, "no_such_route"), path
    allowed = {
        "/oauth_start": "POST",
        "/oauth_callback": "GET",
        "/connection": "GET",
        "/connection/confirm": "POST",
        "/connection/google_fit": "DELETE",
        "/consent": "DELETE, GET, POST",
        "/measurement": "GET",
        "/sync_dispatch": "POST",
    }
    for path, methods in allowed.items():
        for method in ("PUT", "PATCH", "OPTIONS"):
            answer = await hana.call(method, path)
            assert (answer.status, answer.code, answer.headers["allow"]) == (405, "method_not_allowed", methods)
    answer = await hana.call("DELETE", "/connection/fitbit")
    assert (answer.status, answer.code) == (404, "not_connected")
