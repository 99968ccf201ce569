"""A simulated Google: a world of accounts, devices, consent, tokens and Fitness data, over HTTP or as Python objects.

Nothing here waits, and nothing reads the machine's time: the clock handed in is the world's, days may pass in
milliseconds. What looks random follows from the seed; the same seed lives the same life however time is sliced.

    world = World(clock, "seed", quota=Quota(), auto_live=False)    # all but the clock optional
    app = create_app(world)                                         # Starlette: serve it alone, or mount it anywhere
    world = World.from_recordings(Path(dir), clock)                 # recorded answers; world.recorded: used, skipped

People and devices (`devices`: watch, phone, scale, cuff, glucometer, old_band, every_device)

    hanako = world.account("hanako@example.com", zone="Asia/Tokyo", name="花子", history=timedelta(days=7),
                           devices=[watch(buffer=timedelta(days=2)), scale(), old_band(), watch(partial_nights=True)])
    world.live(until=None, email=None)          # devices measure and upload up to now; auto_live does it per request
    hanako.fly("Europe/Berlin", takes_off, lands)   # and lives by that clock from then on
    hanako.devices[0].offline = True            # keeps what it measures until …
    hanako.upload_late(hanako.devices[0], now)  # … it arrives: old times, new modifiedTimeMillis
    hanako.enter(type, at, values, now)         # a manual entry; walk(start, end, steps, now): estimated_steps only
    point = hanako.find(type, start_ns=None)    # the newest, or the one that starts then
    hanako.correct(type, point, values, now)    # same identity, new value, in every stream that holds it
    hanako.delete(type, [point])                # likewise; hanako.sessions.delete(id, at_ms) for a night
    hanako.raw_point(stream_id, type, Point(end_ns, start_ns, origin, modified_ms, values))     # however impossible
    hanako.streams[id].private = True           # 403 "private data source"

Consent and tokens (`world.oauth`)

    world.client("client-id", "secret", [redirect_uri])
    location = world.consent(authorization_url, email, scopes=None, deny=False)     # what the click on the screen does
    code = world.mint_server_auth_code(email, client_id, scopes, force_refresh=True)
    world.revoke(email, client_id=None)                         # in the account's settings: the whole grant dies
    world.oauth.rotation = "off" | "grace" | "strict"           # refresh answers with a new refresh token
    world.oauth.refresh_lifetime = timedelta(days=7)            # refresh_token_expires_in
    hanako.refresh_refusal = "admin_policy_enforced"            # instead of a refreshed token
    world.oauth.key.jwks                                        # what signs ID tokens

Limits, faults, counts

    world.quota.per_user_per_minute = 300; world.quota.status = 403 | 429
    world.faults.add(Fault("status", endpoint="datasets", account=email, times=2, status=429, retry_after=5))
    world.faults.clear()
    world.counters()                            # {"datasets": {"hanako@example.com": 12}, …}; world.calls.clear()

The same over HTTP under `/_world` (see `control_http`). By hand: `python -m infra.local.google --port 8090`.
Programs consent by POSTing account=…, scope=… (repeated), decision=allow|deny to the authorization URL itself.

Where it is narrower than Google: Fitness is read only, without `dataset:aggregate`; merging keeps every point but
those of `raw_only` devices; what Google does not document was chosen here (page size ceiling, token contents).
"""

from infra.local.google.accounts import Account
from infra.local.google.app import create_app
from infra.local.google.devices import Device
from infra.local.google.faults import Fault
from infra.local.google.points import Point
from infra.local.google.quota import Quota
from infra.local.google.world import World

__all__ = ["Account", "Device", "Fault", "Point", "Quota", "World", "create_app"]
