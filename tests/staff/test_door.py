"""Who comes in by the staff door, and from where; and what their forms carry."""

import datetime as dt

import msgspec
import pytest
from starlette.datastructures import Headers

from infra.roster import rostering
from shared.cloud.identity import Staff
from shared.errors import NotPermitted
from shared.staff.door import Door
from shared.staff.forms import LASTS, Forms
from shared.staff.model import Role
from shared.staff.service import Person
from shared.staff.store import RosterStore
from shared.vocabulary import Language
from tests.fakes import MemorySecrets

TODAY = dt.date(2026, 11, 23)
BY = {"by": "admin@kagamino.example", "evidence": "hr-7"}
HOME = "https://staff.example.jp"


class Asked:
    """A request with these headers."""

    def __init__(self, **headers):
        self.headers = Headers({name.replace("_", "-"): value for name, value in headers.items()})


class Proxy:
    """Lets everybody through as the account it is told."""

    def __init__(self):
        self.account = Staff("accounts.google.com:1", "suzuki@kagamino.example")
        self.asked = 0

    async def staff(self, request):
        self.asked += 1
        return self.account


@pytest.fixture
def proxy():
    return Proxy()


@pytest.fixture
async def door(sqlite_documents, clock, proxy):
    use = rostering(sqlite_documents, clock)
    name = await use.register(
        Person(sub=proxy.account.sub, email=proxy.account.email, name="鈴木", languages=(Language.JA,)), **BY
    )
    await use.give(name, Role.WINDOW, TODAY, TODAY + dt.timedelta(days=2), **BY)
    return Door(proxy=proxy, rosters=RosterStore(sqlite_documents), clock=clock, public_url=f"{HOME}/functions")


async def test_who_is_registered_and_has_a_role_comes_in(door, proxy):
    assert (await door.member(Asked())).name == "鈴木"
    proxy.account = Staff("accounts.google.com:1", "Suzuki@Kagamino.example")
    assert (await door.member(Asked())).name == "鈴木"


@pytest.mark.parametrize(
    ("sub", "email"),
    [
        ("accounts.google.com:2", "suzuki@kagamino.example"),
        ("accounts.google.com:1", "tanaka@kagamino.example"),
        ("1", "suzuki@kagamino.example"),
    ],
)
async def test_another_account_stays_out_and_learns_its_own_name(door, proxy, capsys, sub, email):
    proxy.account = Staff(sub, email)
    with pytest.raises(NotPermitted) as refused:
        await door.member(Asked())
    assert (refused.value.code, refused.value.detail) == ("not_staff", sub)
    logged = capsys.readouterr().err
    assert '"identity.refused"' in logged
    assert email not in logged


async def test_whose_roles_are_over_stays_out(door, clock):
    clock.advance(dt.timedelta(days=1, hours=14, minutes=59))
    assert await door.member(Asked()) is not None
    clock.advance(dt.timedelta(minutes=1))
    with pytest.raises(NotPermitted, match="not_staff"):
        await door.member(Asked())


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"origin": HOME},
        {"sec_fetch_site": "same-origin", "origin": HOME},
        {"sec_fetch_site": "same-origin", "origin": "null"},
    ],
    ids=str,
)
async def test_our_own_pages_may_post(door, headers):
    assert (await door.poster(Asked(**headers))).name == "鈴木"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "", "origin": HOME},
        {"sec_fetch_site": "cross-site", "origin": HOME},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site", "origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": f"{HOME}.evil.example"},
        {"origin": f"{HOME}/"},
        {"origin": HOME.replace("https", "http")},
        {"origin": f"{HOME}:8443"},
        {"referer": f"{HOME}/cases"},
    ],
    ids=str,
)
async def test_no_other_site_may_post_and_nobody_is_asked_who_calls(door, proxy, headers):
    with pytest.raises(NotPermitted, match="posted_from_elsewhere"):
        await door.poster(Asked(**headers))
    assert proxy.asked == 0


@pytest.fixture
def forms(clock):
    return Forms(MemorySecrets({"page-key": [b"k" * 32]}), clock)


async def test_a_form_is_good_for_its_member_and_its_act_for_a_working_day(door, forms, clock):
    member = await door.member(Asked())
    token = await forms.token(member, "decide c1")
    clock.advance(LASTS - dt.timedelta(seconds=1))
    await forms.check(member, "decide c1", token)
    clock.advance(dt.timedelta(seconds=1))
    with pytest.raises(NotPermitted, match="page_expired"):
        await forms.check(member, "decide c1", token)


async def test_a_form_of_another_act_case_or_member_is_refused(door, forms):
    member = await door.member(Asked())
    token = await forms.token(member, "decide c1")
    for purpose in ("decide c2", "extend c1", "decide", "", "decide c1 "):
        with pytest.raises(NotPermitted, match="page_expired"):
            await forms.check(member, purpose, token)
    other = msgspec.structs.replace(member, id="somebody-else")
    with pytest.raises(NotPermitted, match="page_expired"):
        await forms.check(other, "decide c1", token)
    for made_up in ("", "x", token[:-2], token + "A", "あ"):
        with pytest.raises(NotPermitted, match="page_expired"):
            await forms.check(member, "decide c1", made_up)
