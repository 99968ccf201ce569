"""The control plane moves the world as the Python methods do."""

import datetime as dt

import pytest

from infra.local.google import catalogue as c

_HEART = c.merged_ids(c.HEART_RATE)[0]


async def _post(google, name, **value):
    return await google.call("POST", f"/_world/{name}", value=value)


async def _overview(google):
    return (await google.call("GET", "/_world")).json()


async def test_accounts_are_opened_with_chosen_devices_and_a_history(google):
    devices = [{"preset": "watch", "buffer_hours": 48, "model": "Spät"}, {"preset": "scale"}]
    opened = await _post(
        google, "accounts", email="a@example.com", zone="Europe/Berlin", history_days=3, devices=devices
    )
    assert opened.json()["sub"].isdigit()
    seen = (await _overview(google))["accounts"][0]
    assert (seen["zone"], [d["model"] for d in seen["devices"]]) == ("Europe/Berlin", ["Spät", "Body Scale 2"])
    assert seen["streams"][c.merged_ids(c.WEIGHT)[0]] in (2, 3)
    assert seen["devices"][0]["pending"] > 500


async def test_life_late_uploads_corrections_and_deletions(google, clock):
    await _post(
        google, "accounts", email="a@example.com", history_days=1, devices=[{"preset": "watch", "offline": True}]
    )
    assert (await _overview(google))["accounts"][0]["streams"] == {}
    clock.advance(dt.timedelta(hours=2))
    await _post(google, "live")
    assert (await _post(google, "upload", email="a@example.com")).json()["uploaded"] > 1000
    before = (await _overview(google))["accounts"][0]["streams"][_HEART]

    account = google.world.accounts["a@example.com"]
    corrected = await _post(google, "correct", email="a@example.com", type=c.HEART_RATE, values=[61.0])
    assert account.find(c.HEART_RATE).values == (61.0,)
    assert account.find(c.HEART_RATE).start_ns == corrected.json()["start_ns"]
    await _post(google, "delete", email="a@example.com", type=c.HEART_RATE)
    assert (await _overview(google))["accounts"][0]["streams"][_HEART] == before - 1
    night = account.sessions.all()[0].id
    await _post(google, "delete", email="a@example.com", session=night)
    assert (await _overview(google))["accounts"][0]["sessions"] == 0
    await _post(google, "enter", email="a@example.com", type=c.WEIGHT, at="2026-11-01T08:00:00+09:00", values=[61.5])
    assert account.find(c.WEIGHT).values == (61.5,)


async def test_clients_codes_revocation_and_settings(google):
    await _post(google, "accounts", email="a@example.com", devices=[])
    await _post(google, "clients", client_id="c2", secret="s2", redirect_uris=["https://x.example/"])
    minted = await _post(google, "server_auth_code", email="a@example.com", client_id="c2", scopes=["openid"])
    await _post(google, "settings", rotation="strict", refresh_lifetime_s=60, per_user_per_minute=None)
    code = minted.json()["server_auth_code"]
    credentials = {"client_id": "c2", "client_secret": "s2"}
    tokens = (await google.token(grant_type="authorization_code", code=code, **credentials)).json()
    assert tokens["refresh_token_expires_in"] == 60
    await _post(google, "revoke", email="a@example.com")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await google.token(**refresh, **credentials)).status == 400
    await _post(google, "settings", refresh_lifetime_s=None, per_project_per_day=1)
    assert google.world.oauth.rotation == "strict"
    assert google.world.oauth.refresh_lifetime is None
    assert google.world.quota.per_project_per_day == 1


async def test_faults_and_counters_are_set_and_cleared(google):
    await _post(google, "faults", kind="status", status=503, endpoint="certs", times=None)
    assert (await google.call("GET", "/oauth2/v3/certs")).status == 503
    assert [f["kind"] for f in (await _overview(google))["faults"]] == ["status"]
    await google.call("DELETE", "/_world/faults")
    assert (await google.call("GET", "/oauth2/v3/certs")).status == 200
    assert (await google.call("GET", "/_world/counters")).json() == {"certs": {"": 2}}
    await google.call("DELETE", "/_world/counters")
    assert (await google.call("GET", "/_world/counters")).json() == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accounts", {}),
        ("accounts", {"email": "x", "zone": "Mars/Base"}),
        ("accounts", {"email": "x", "devices": [{"preset": "toaster"}]}),
        ("accounts", {"email": "x", "colour": "red"}),
        ("live", {"email": "nobody"}),
        ("correct", {"email": "a@example.com", "type": c.WEIGHT, "values": [1.0]}),
        ("faults", {"kind": "gremlins"}),
    ],
)
async def test_what_makes_no_sense_is_400_with_a_reason(google, name, value):
    await _post(google, "accounts", email="a@example.com", devices=[])
    refused = await _post(google, name, **value)
    assert refused.status == 400
    assert refused.json()["error"]
