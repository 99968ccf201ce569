"""Staff's doors open for what Identity-Aware Proxy signed, of somebody on the roster, from our own pages; whatever else
is sent, and to whichever of their routes."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.local.issuer import staff_sub, unsigned
from infra.local.staff import STRANGER
from tests.journeys.contract import Contract
from tests.journeys.desk import ASSERTION, Desk, desk_of
from tests.journeys.town import Answer, Town

EMAIL = "takahashi@kagamino.example"
A_CASE = "a" * 26
NOW_S = 1795392000
Forge = Callable[[Town], dict[str, str]]


def signed(**claims: object) -> Forge:
    return lambda town: {ASSERTION: town.platform.issuer.staff_assertion(EMAIL, **claims)}


def by_rsa(town: Town) -> dict[str, str]:
    """Everything as it should be, but signed by the key that signs Google's own tokens."""
    claims = {"iss": "https://cloud.google.com/iap", "sub": staff_sub(EMAIL), "email": EMAIL, "hd": "kagamino.example"}
    now = int(town.clock.now().timestamp())
    aud = town.platform.settings["IAP_AUDIENCE"]
    return {ASSERTION: town.platform.issuer.google.sign({**claims, "aud": aud, "iat": now, "exp": now + 600})}


FORGED: dict[str, Forge] = {
    "nothing": lambda _: {},
    "headers that IAP does not sign": lambda _: {
        "x-goog-authenticated-user-email": f"accounts.google.com:{EMAIL}",
        "x-goog-authenticated-user-id": staff_sub(EMAIL),
    },
    "a token without a signature": lambda _: {ASSERTION: unsigned('{"alg":"none"}', f'{{"email":"{EMAIL}"}}')},
    "another key and algorithm": by_rsa,
    "another audience": signed(aud="/projects/1/global/backendServices/2"),
    "another issuer": signed(iss="https://accounts.google.com"),
    "an assertion that has expired": signed(iat=1, exp=601),
    "one that lasts for days": signed(exp=NOW_S + 10**6),
    "an app user's token": lambda town: {"Authorization": f"Bearer {town.platform.issuer.token_for('hana')}"},
    "an assertion as a bearer token": lambda town: {
        "Authorization": f"Bearer {town.platform.issuer.staff_assertion(EMAIL)}"
    },
    "nonsense": lambda _: {ASSERTION: "a.b.c"},
}
DOORS = [
    (method, path.replace("{id}", A_CASE).replace("{", "").replace("}", ""))
    for method, path, operation in Contract().operations()
    if operation["security"] == [{"staff": []}]
]
PAGE = "text/html"


async def at(town: Town, method: str, path: str, headers: dict[str, str]) -> Answer:
    form = "application/x-www-form-urlencoded"
    more: dict[str, Any] = {"body": {}} if is_json(path) and method == "POST" else {}
    if method == "POST" and not more:
        more = {"raw": b"form_token=x"}
        headers = {**headers, "Content-Type": form}
    home = {"origin": town.platform.url, "sec-fetch-site": "same-origin"}
    return await town.call(method, path, headers={**home, **headers}, **more)


def is_json(path: str) -> bool:
    operation = next(
        operation
        for _, template, operation in Contract().operations()
        if template.replace("{id}", A_CASE).replace("{", "").replace("}", "") == path
    )
    tags: list[str] = operation["tags"]
    return tags == ["desk"]


def code_of(answer: Answer) -> str:
    return "" if answer.headers["content-type"].startswith(PAGE) else answer.code


async def test_no_door_of_staff_opens_for_what_anybody_could_send(town: Town):
    await desk_of(town)
    assert len(DOORS) > 20
    for what, forge in FORGED.items():
        for method, path in DOORS:
            answer = await at(town, method, path, forge(town))
            assert answer.status == 401, (what, method, path)
            assert code_of(answer) in ("", "unauthenticated")


async def test_whom_the_proxy_lets_through_is_not_yet_staff(town: Town):
    await desk_of(town)
    for method, path in DOORS:
        answer = await at(town, method, path, {ASSERTION: town.platform.issuer.staff_assertion(STRANGER)})
        assert (answer.status, code_of(answer) or "not_staff") == (403, "not_staff"), (method, path)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
        {},
    ],
)
async def test_nothing_is_done_because_another_site_sent_it(town: Town, elsewhere: dict[str, str]):
    await desk_of(town)
    signed = {ASSERTION: town.platform.issuer.staff_assertion(EMAIL)}
    for method, path in DOORS:
        if method == "POST":
            form = {} if is_json(path) else {"Content-Type": "application/x-www-form-urlencoded"}
            answer = await town.call(method, path, raw=b"{}", headers={**signed, **elsewhere, **form})
            assert (answer.status, code_of(answer) or "posted_from_elsewhere") == (403, "posted_from_elsewhere"), path


async def test_each_role_does_its_own_and_the_auditor_opens_no_case(town: Town):
    desk = await desk_of(town)
    case = (await desk.begins("disclosure"))["id"]
    contact = {"category": "partner", "channel": "phone", "person": {"name": "某"}, "wishes": [{"type": "disclosure"}]}
    for clerk in (desk.verifier, desk.decider, desk.manager, desk.auditor):
        answer = await clerk.call("POST", "/disclosure/cases", {"id": "b" * 26, "contact": contact})
        assert (answer.status, answer.code) == (403, "role_missing"), clerk.email
    answer = await desk.auditor.call("POST", f"/disclosure/cases/{case}/open", {"reason": "見てみたい"})
    assert (answer.status, answer.code) == (403, "role_missing")
    for clerk, act in (
        (desk.window, {"act": "begin_verification"}),
        (desk.verifier, {"act": "send_form"}),
        (desk.manager, {"act": "decide", "item": "1", "outcome": "full"}),
        (desk.decider, {"act": "review", "item": "1", "allowed": True, "reason": "…"}),
    ):
        answer = await clerk.tries(case, **act)
        assert (answer.status, answer.code) == (403, "role_missing"), act
    for system in ({"act": "tick"}, {"act": "task_done", "item": "1", "task": "erase", "proof": "x"}):
        answer = await desk.second.tries(case, **system)
        assert (answer.status, answer.code) == (400, "body_invalid"), system


async def test_what_opened_a_case_opens_it_for_nobody_else_and_no_other_case(town: Town):
    desk = await desk_of(town)
    one, other = (await desk.begins("disclosure"))["id"], (await desk.begins("erasure"))["id"]
    seen, opening = await desk.window.open(one)
    note = {"act": {"act": "note", "text": "折り返し電話"}, "version": seen["version"], "opening": opening}
    for clerk, case in ((desk.decider, one), (desk.window, other)):
        answer = await clerk.call("POST", f"/disclosure/cases/{case}/acts", note)
        assert (answer.status, answer.code) == (401, "page_expired"), (clerk.email, case)
    assert (await desk.window.call("POST", f"/disclosure/cases/{one}/acts", note)).status == 200
    again = await desk.window.call("POST", f"/disclosure/cases/{one}/acts", note)
    assert (again.status, again.code) == (409, "case_moved_on"), "what was decided on an older state is not done"


async def opens_without_end(desk: Desk, case: str) -> list[int]:
    path = f"/disclosure/cases/{case}/open"
    return [(await desk.decider.call("POST", path, {"reason": "閲覧のため"})).status for _ in range(62)]


async def test_nobody_leafs_through_cases(town: Town):
    desk = await desk_of(town)
    case = (await desk.begins("disclosure"))["id"]
    unexplained = await desk.decider.call("POST", f"/disclosure/cases/{case}/open", {"reason": "  "})
    assert (unexplained.status, unexplained.code) == (400, "body_invalid")
    assert 429 in await opens_without_end(desk, case)
