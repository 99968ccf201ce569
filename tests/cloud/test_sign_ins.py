"""Whether a sign-in still counts: signed out everywhere, disabled, deleted, or Firebase not answering."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.in_process import InProcessHttp
from infra.local.issuer import Issuer
from shared.clock import ManualClock
from shared.cloud import sign_ins
from shared.cloud.http import Answer
from shared.cloud.sign_ins import BELIEVED_S, SignIns
from shared.config import Settings
from shared.errors import Unavailable

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
AT_S = int(AT.timestamp())
SETTINGS = Settings(
    documents="sqlite:x",
    public_url="https://api.example.jp",
    firebase_project="p",
    firebase_accounts_url="https://firebase.example/v1",
    firebase_api_key="key",
    scheduler_account="s",
    tasks_account="t",
    google_client_id="c",
    app_link="https://app.example.jp/linked",
)


class Firebase:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, status: int, said: object) -> None:
        self.answer = Answer(status, {}, said if isinstance(said, bytes) else json.dumps(said).encode())
        self.asked: list[tuple[str, str, Any, Any]] = []

    async def send(self, method: str, url: str, *, headers: Any = None, json: Any = None, **_: Any) -> Answer:
        self.asked.append((method, url, headers, json))
        if self.answer.status == 0:
            raise Unavailable("upstream_unavailable", "TimeoutError")
        return self.answer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def user(**more: object) -> dict[str, object]:
    return {"users": [{"localId": "u1", "validSince": str(AT_S - 5), "email": "a@example.jp", **more}]}


async def counts(said: object, clock: ManualClock, status: int = 200) -> bool:
    return await SignIns(SETTINGS, http=Firebase(status, said), clock=clock).count("u1", "token", AT_S)


async def test_it_is_asked_with_the_token_and_the_projects_key(clock: ManualClock) -> None:
    firebase = Firebase(200, user())
    assert await SignIns(SETTINGS, http=firebase, clock=clock).count("u1", "token", AT_S)
    url = "https://firebase.example/v1/accounts:lookup"
    assert firebase.asked == [("POST", url, {"x-goog-api-key": "key"}, {"idToken": "token"})]


@pytest.mark.parametrize(
    "said",
    [
        user(validSince=str(AT_S + 1)),
        user(disabled=True),
        user(localId="u2"),
        {},
        {"users": []},
    ],
)
async def test_an_account_that_says_otherwise_does_not_count(clock: ManualClock, said: object) -> None:
    assert not await counts(said, clock)


@pytest.mark.parametrize("word", ["INVALID_ID_TOKEN", "TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND : gone"])
async def test_a_refusal_does_not_count(clock: ManualClock, word: str) -> None:
    assert not await counts({"error": {"code": 400, "message": word}}, clock, 400)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0, {}),
        (500, user()),
        (429, {"error": {"message": "RESOURCE_EXHAUSTED"}}),
        (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}),
        (400, b"<html>"),
        (403, {"error": {"message": "USER_DISABLED"}}),
        (200, b"{"),
        (200, b"[" * 100_000),
        (200, {"users": [{"validSince": "1"}]}),
        (200, {"users": [{"localId": "u1", "validSince": "soon"}]}),
    ],
)
async def test_an_answer_that_says_neither_lets_nobody_in(clock: ManualClock, status: int, said: object) -> None:
    with pytest.raises(Unavailable, match="keys_unavailable"):
        await counts(said, clock, status)


async def test_who_was_let_in_is_not_asked_about_for_a_minute(clock: ManualClock) -> None:
    firebase = Firebase(200, user())
    checked = SignIns(SETTINGS, http=firebase, clock=clock)
    for seconds, asked in ((0, 1), (BELIEVED_S - 1, 1), (1, 2)):
        clock.advance(timedelta(seconds=seconds))
        assert await checked.count("u1", "token", AT_S)
        assert len(firebase.asked) == asked
    firebase.answer = Answer(200, {}, json.dumps(user(disabled=True)).encode())
    assert not await checked.count("u1", "of another sign-in", AT_S + 1)
    clock.advance(timedelta(seconds=BELIEVED_S))
    for _ in range(2):
        assert not await checked.count("u1", "token", AT_S)
    assert len(firebase.asked) == 5, "whoever was refused is asked about each time"


async def test_what_is_kept_does_not_grow_without_end(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "MOST_KEPT", 2)
    firebase = Firebase(200, {"users": [{"localId": f"u{n}"} for n in range(3)]})
    checked = SignIns(SETTINGS, http=firebase, clock=clock)
    for uid in ("u0", "u1", "u2", "u0", "u2"):
        assert await checked.count(uid, "token", AT_S)
    assert len(firebase.asked) == 4, "u0 was forgotten"


async def test_the_local_issuer_answers_as_firebase_does(clock: ManualClock, key: rsa.RSAPrivateKey) -> None:
    issuer = Issuer(firebase_project="p", clock=clock)
    issuer.firebase.adopt(key)
    checked = SignIns(SETTINGS, http=InProcessHttp(_below("/v1", issuer.app())), clock=clock)
    before = issuer.token_for("u1")
    assert await checked.count("u1", before, AT_S)
    issuer.sign_out_everywhere("u1")
    clock.advance(timedelta(seconds=BELIEVED_S))
    assert not await checked.count("u1", before, AT_S)
    assert await checked.count("u1", issuer.token_for("u1"), AT_S + BELIEVED_S)
    issuer.disabled.add("u2")
    assert not await checked.count("u2", issuer.token_for("u2"), AT_S + BELIEVED_S)


def _below(root: str, app: Any) -> Any:
    async def below(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "path": scope["path"].removeprefix(root)}, receive, send)

    return below
