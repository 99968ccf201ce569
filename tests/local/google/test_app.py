from starlette.applications import Starlette
from starlette.routing import Mount

from infra.local.google import Fault, create_app
from tests.local.google.calling import call
from tests.local.google.conftest import Google
from tests.local.google.discovery import DiscoveryCheck


async def test_mounted_below_a_prefix_everything_works_counts_and_is_checked(world, clock):
    world.account("a@example.com", devices=[])
    google = Google(world, clock)
    token = (await google.linked("a@example.com"))["access_token"]
    check = DiscoveryCheck(Starlette(routes=[Mount("/google", create_app(world))]))
    url = "/google/fitness/v1/users/me/dataSources"
    answer = await call(check, "GET", url, headers={"authorization": f"Bearer {token}"})
    assert (answer.status, answer.json()) == (200, {})
    assert world.counters()["dataSources"] == {"a@example.com": 1}
    world.faults.add(Fault("malformed", endpoint="dataSources"))
    await call(check, "GET", url, headers={"authorization": f"Bearer {token}"})
    assert (await call(check, "GET", f"/google{google.authorization_url()}")).status == 200
    assert (check.requests, check.answers) == (2, 1)
    check.verify()
