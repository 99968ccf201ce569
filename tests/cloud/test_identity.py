"""Who calls: a corpus of forged and odd tokens, each refused; good ones accepted; keys that rotate and go missing."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.datastructures import Headers

from infra.local import in_process
from infra.local.issuer import GOOGLE, Issuer, SigningKeys, key_id, unsigned
from shared import log
from shared.clock import ManualClock
from shared.cloud.http import Http
from shared.cloud.identity import AppUser, GoogleSubject, Identities, Service
from shared.cloud.keys import PAUSE, STALE, parse
from shared.config import Settings
from shared.errors import NotPermitted, Unavailable

PROJECT = "kagamino-test"
PUBLIC = "https://api.example.jp"
TASKS = "tasks@kagamino-test.iam.gserviceaccount.com"
SCHEDULER = "scheduler@kagamino-test.iam.gserviceaccount.com"
CLIENT = "client-id.apps.googleusercontent.com"
HOUR = 3600


class Publisher:
    """Serves an issuer's keys, or fails to."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.status = 200
        self.body: str | None = None
        self.max_age = 3600
        self.calls = 0
        self.go = asyncio.Event()
        self.go.set()
        self.asked = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/accounts:lookup":
            found = await in_process.call(self.issuer.app(), "POST", request.path, body=await request.read())
            return web.Response(status=found.status, body=found.body)
        self.calls += 1
        self.asked.set()
        await self.go.wait()
        keys: Any = self.issuer.firebase.certificates()
        if request.path == "/certs":
            keys = {"keys": self.issuer.google.jwks()}
        if request.path == "/iap_certs":
            keys = {"keys": self.issuer.iap.jwks()}
        text = self.body if self.body is not None else json.dumps(keys)
        return web.Response(
            status=self.status, text=text, headers={"Cache-Control": f"public, max-age={self.max_age}, must-revalidate"}
        )


class Asked:
    """A request, as far as identity looks at it."""

    def __init__(self, *authorization: str) -> None:
        self.headers = Headers(raw=[(b"authorization", given.encode()) for given in authorization])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


@pytest.fixture(scope="module")
def keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """Made once: making RSA keys is slow."""
    return tuple(rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))  # type: ignore[return-value]


@pytest.fixture
def issuer(clock: ManualClock, keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]) -> Issuer:
    made = Issuer(firebase_project=PROJECT, clock=clock)
    made.firebase.adopt(keys[0])
    made.google.adopt(keys[1])
    return made


@pytest.fixture
async def publisher(issuer: Issuer) -> AsyncIterator[tuple[Publisher, str]]:
    serving = Publisher(issuer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serving.answer)
    server = TestServer(app)
    await server.start_server()
    yield serving, str(server.make_url("/")).rstrip("/")
    await server.close()


@pytest.fixture
async def identities(publisher: tuple[Publisher, str], clock: ManualClock) -> AsyncIterator[Identities]:
    http = Http()
    yield Identities(settings(publisher), function="sync_user", http=http, clock=clock)
    await http.close()


def settings(publisher: tuple[Publisher, str], **more: Any) -> Settings:
    return Settings(
        documents="sqlite:x",
        public_url=PUBLIC,
        firebase_project=PROJECT,
        firebase_certs_url=f"{publisher[1]}/firebase_certs",
        firebase_accounts_url=publisher[1],
        firebase_api_key="key-of-the-project",
        google_certs_url=f"{publisher[1]}/certs",
        scheduler_account=SCHEDULER,
        tasks_account=TASKS,
        google_client_id=CLIENT,
        google_issuer="https://google.example",
        app_link="https://app.example.jp/linked",
        **more,
    )


async def test_a_signed_in_person_is_known_by_uid(identities: Identities, issuer: Issuer) -> None:
    assert await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}")) == AppUser("u1")


async def test_the_scheme_is_read_in_any_case(identities: Identities, issuer: Issuer) -> None:
    assert await identities.app_user(Asked(f"bearer {issuer.token_for('u1')}")) == AppUser("u1")


async def test_a_clock_that_is_half_a_minute_off_is_forgiven(
    identities: Identities, issuer: Issuer, clock: ManualClock
) -> None:
    token = issuer.token_for("u1")
    clock.advance(timedelta(seconds=HOUR + 29))
    assert await identities.app_user(Asked(f"Bearer {token}")) == AppUser("u1")
    clock.advance(timedelta(seconds=-HOUR - 29 - 30))
    assert await identities.app_user(Asked(f"Bearer {token}")) == AppUser("u1")


async def test_the_platforms_own_services_are_known_by_their_accounts(identities: Identities, issuer: Issuer) -> None:
    audience = f"{PUBLIC}/sync_user"
    for_tasks, for_ticks = issuer.service_token(TASKS, audience), issuer.service_token(SCHEDULER, audience)
    assert await identities.tasks(Asked(f"Bearer {for_tasks}")) == Service(TASKS)
    assert await identities.scheduler(Asked(f"Bearer {for_ticks}")) == Service(SCHEDULER)


@pytest.mark.parametrize("iss", ["accounts.google.com", "https://accounts.google.com", "https://google.example"])
async def test_a_google_account_is_known_by_its_subject(identities: Identities, issuer: Issuer, iss: str) -> None:
    token = issuer.service_token("a@gmail.com", CLIENT, iss=iss, sub="1077", nonce="n1")
    assert await identities.google_subject(token, nonce="n1") == GoogleSubject("1077", "a@gmail.com")
    assert "gmail" not in repr(await identities.google_subject(token))


async def test_a_reader_is_a_person_or_a_system_by_who_issued_the_token(identities: Identities, issuer: Issuer) -> None:
    account = "reader@hospital.iam.gserviceaccount.com"
    token = issuer.service_token(account, f"{PUBLIC}/sync_user", sub="1077")
    assert await identities.reader(Asked(f"Bearer {token}")) == GoogleSubject("1077", account)
    assert await identities.reader(Asked(f"Bearer {issuer.token_for('hana')}")) == AppUser("hana")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": CLIENT},
        {"aud": PUBLIC},
        {"aud": f"{PUBLIC}/sync_dispatch"},
        {"aud": f"{PUBLIC}/sync_user/"},
        {"aud": [f"{PUBLIC}/sync_user"]},
        {"iss": "https://evil.example"},
        {"iss": f"https://securetoken.google.com/{PROJECT}"},
        {"iss": None},
        {"iss": ["https://accounts.google.com"]},
        {"iss": {"https://accounts.google.com": 1}},
        {"sub": ""},
        {"sub": 7},
        {"exp": 1},
    ],
    ids=str,
)
async def test_a_readers_token_for_anything_else_is_refused(
    identities: Identities, issuer: Issuer, claims: dict[str, Any]
) -> None:
    token = issuer.service_token("reader@hospital.example", f"{PUBLIC}/sync_user", **claims)
    with pytest.raises(NotPermitted, match="unauthenticated"):
        await identities.reader(Asked(f"Bearer {token}"))


async def test_a_persons_token_that_says_google_issued_it_is_checked_with_googles_keys(
    identities: Identities, issuer: Issuer
) -> None:
    claims = {"iss": GOOGLE, "aud": f"{PUBLIC}/sync_user"}
    with pytest.raises(NotPermitted, match="unauthenticated"):
        await identities.reader(Asked(f"Bearer {issuer.token_for('hana', **claims)}"))


async def test_a_google_account_may_keep_its_address_to_itself(identities: Identities, issuer: Issuer) -> None:
    token = issuer.service_token("a@gmail.com", CLIENT, email=None)
    assert (await identities.google_subject(token)).email is None


Forge = Callable[[Issuer], str]


def _now(issuer: Issuer) -> int:
    return int(issuer._clock.now().timestamp())


def _firebase_kid(issuer: Issuer) -> str:
    return next(iter(issuer.firebase.certificates()))


def _hmac_with_public_key(issuer: Issuer) -> str:
    header = json.dumps({"alg": "HS256", "typ": "JWT", "kid": _firebase_kid(issuer)})
    claims = base64.urlsafe_b64decode(issuer.token_for("u1").split(".")[1] + "==").decode()
    signed = unsigned(header, claims).rpartition(".")[0]
    secret = issuer.firebase._current().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _resigned(issuer: Issuer, **header: Any) -> str:
    """A token of the right words, signed by somebody else's key."""
    other = SigningKeys(issuer._clock)
    claims = json.loads(base64.urlsafe_b64decode(issuer.token_for("u1").split(".")[1] + "=="))
    return other.sign(claims, **{"kid": _firebase_kid(issuer), **header})


def _with_own_key_inside(issuer: Issuer) -> str:
    other = SigningKeys(issuer._clock)
    claims = json.loads(base64.urlsafe_b64decode(issuer.token_for("u1").split(".")[1] + "=="))
    return other.sign(claims, jwk=other.jwks()[0])


def _tampered(issuer: Issuer) -> str:
    header, claims, signature = issuer.token_for("u1").split(".")
    altered = base64.urlsafe_b64decode(claims + "==").replace(b'"u1"', b'"u2"')
    return f"{header}.{base64.urlsafe_b64encode(altered).rstrip(b'=').decode()}.{signature}"


def _parts(issuer: Issuer) -> list[str]:
    return issuer.token_for("u1").split(".")


def _signed_header(**header: Any) -> Forge:
    return lambda i: i.firebase.sign(json.loads(base64.urlsafe_b64decode(_parts(i)[1] + "==")), **header)


def _claims(**claims: Any) -> Forge:
    return lambda i: i.token_for("u1", **claims)


def _at(name: str, offset_s: int) -> Forge:
    return lambda i: i.token_for("u1", **{name: _now(i) + offset_s})


def _without(name: str) -> Forge:
    def forge(issuer: Issuer) -> str:
        claims = json.loads(base64.urlsafe_b64decode(_parts(issuer)[1] + "=="))
        del claims[name]
        return issuer.firebase.sign(claims)

    return forge


def _alg_none(alg: str, signature: bytes = b"") -> Forge:
    return lambda i: unsigned(
        json.dumps({"alg": alg, "typ": "JWT", "kid": _firebase_kid(i)}),
        base64.urlsafe_b64decode(_parts(i)[1] + "==").decode(),
        signature,
    )


USER_FORGERIES: dict[str, Forge] = {
    "alg none": _alg_none("none"),
    "alg none, some signature": _alg_none("none", b"x"),
    "alg None": _alg_none("None", b"x"),
    "alg NONE": _alg_none("NONE", b"x"),
    "alg empty": _alg_none("", b"x"),
    "hs256 with the public key as secret": _hmac_with_public_key,
    "rs512 named, rs256 signed": _signed_header(alg="RS512"),
    "es256 named": _signed_header(alg="ES256"),
    "alg in lower case": _signed_header(alg="rs256"),
    "another key, known id": _resigned,
    "another key, own id": lambda i: SigningKeys(i._clock).sign({"iss": f"https://securetoken.google.com/{PROJECT}"}),
    "google's key for a user": lambda i: i.google.sign(
        json.loads(base64.urlsafe_b64decode(_parts(i)[1] + "==")), kid=key_id(i.google._current().public_key())
    ),
    "kid unknown": _signed_header(kid="0" * 40),
    "kid empty": _signed_header(kid=""),
    "kid a path": _signed_header(kid="../../dev/null"),
    "kid absent": lambda i: unsigned('{"alg":"RS256","typ":"JWT"}', '{"sub":"u1"}', b"x" * 256),
    "kid a number": lambda i: unsigned('{"alg":"RS256","typ":"JWT","kid":1}', '{"sub":"u1"}', b"x" * 256),
    "kid a list": lambda i: unsigned('{"alg":"RS256","typ":"JWT","kid":["a"]}', '{"sub":"u1"}', b"x" * 256),
    "typ of an access token": _signed_header(typ="at+jwt"),
    "typ of a logout token": _signed_header(typ="logout+jwt"),
    "typ of a security event": _signed_header(typ="secevent+jwt"),
    "crit": _signed_header(crit=["exp"]),
    "crit unknown": _signed_header(crit=["x"], x=1),
    "jwk inside": _with_own_key_inside,
    "jku": _signed_header(jku="https://evil.example/keys"),
    "jku and another key": lambda i: _resigned(i, jku="https://evil.example/keys"),
    "x5u": _signed_header(x5u="https://evil.example/cert"),
    "x5c": _signed_header(x5c=["MIIB"]),
    "x5t": _signed_header(x5t="abc"),
    "cty nested": _signed_header(cty="JWT"),
    "zip": _signed_header(zip="DEF"),
    "b64 false": _signed_header(b64=False),
    "wrong project in issuer": _claims(iss="https://securetoken.google.com/other"),
    "issuer with a slash": _claims(iss=f"https://securetoken.google.com/{PROJECT}/"),
    "issuer over http": _claims(iss=f"http://securetoken.google.com/{PROJECT}"),
    "issuer of session cookies": _claims(iss=f"https://session.firebase.google.com/{PROJECT}"),
    "issuer google": _claims(iss=GOOGLE),
    "issuer a list": _claims(iss=[f"https://securetoken.google.com/{PROJECT}"]),
    "no issuer": _without("iss"),
    "wrong audience": _claims(aud="other"),
    "audience a list": _claims(aud=[PROJECT]),
    "audience a list with others": _claims(aud=["other", PROJECT]),
    "no audience": _without("aud"),
    "expired": lambda i: i.token_for("u1", exp=_now(i) - 31, iat=_now(i) - HOUR),
    "expired long ago": lambda i: i.token_for("u1", exp=1, iat=0),
    "no expiry": _without("exp"),
    "expiry in words": _claims(exp="tomorrow"),
    "expiry a numeric string": _claims(exp="99999999999"),
    "expiry infinite": lambda i: i.token_for("u1", exp=float("inf")),
    "expiry not a number": lambda i: i.token_for("u1", exp=float("nan")),
    "expiry true": _claims(exp=True),
    "issued in the future": _at("iat", 31),
    "no issue time": _without("iat"),
    "signed in in the future": _at("auth_time", 31),
    "no sign-in time": _without("auth_time"),
    "sign-in time null": _claims(auth_time=None),
    "not yet valid": _at("nbf", 60),
    "no subject": _without("sub"),
    "subject empty": _claims(sub=""),
    "subject null": _claims(sub=None),
    "subject a number": _claims(sub=7),
    "subject of 129 characters": _claims(sub="x" * 129),
    "subject a path": _claims(sub="u1/days/steps"),
    "subject a dot": _claims(sub=".."),
    "subject reserved": _claims(sub="__name__"),
    "subject with a line break": _claims(sub="u1\nu2"),
    "tampered subject": _tampered,
    "no signature": lambda i: ".".join(_parts(i)[:2]) + ".",
    "two parts": lambda i: ".".join(_parts(i)[:2]),
    "four parts": lambda i: i.token_for("u1") + ".x",
    "five parts": lambda i: "a.b.c.d.e",
    "not base64": lambda i: "@@@." + ".".join(_parts(i)[1:]),
    "padded base64": lambda i: _parts(i)[0] + "=." + ".".join(_parts(i)[1:]),
    "standard base64 alphabet": lambda i: "+/+/." + ".".join(_parts(i)[1:]),
    "a space inside": lambda i: _parts(i)[0] + ". " + ".".join(_parts(i)[1:]),
    "header not json": lambda i: unsigned("hello", "{}", b"x"),
    "header a list": lambda i: unsigned("[]", "{}", b"x"),
    "header deeply nested": lambda i: unsigned("[" * 5000, "{}", b"x"),
    "header not utf-8": lambda i: "gIGC." + ".".join(_parts(i)[1:]),
    "truncated signature": lambda i: i.token_for("u1")[:-4],
    "huge": _claims(padding="x" * 9000),
    "empty": lambda i: "",
    "a word": lambda i: "null",
    "a canary": lambda i: "canary-" * 10,
    "not ascii": lambda i: "あ.い.う",
    "service token": lambda i: i.service_token(TASKS, f"{PUBLIC}/sync_user"),
    "google's id token": lambda i: i.service_token("a@gmail.com", CLIENT),
}


@pytest.mark.parametrize("forge", USER_FORGERIES.values(), ids=USER_FORGERIES.keys())
async def test_a_forged_or_odd_user_token_is_refused_without_a_word_why(
    identities: Identities, issuer: Issuer, forge: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    token = forge(issuer)
    with pytest.raises(NotPermitted) as refused:
        await identities.app_user(Asked(f"Bearer {token}".encode().decode("latin-1")))
    assert (refused.value.code, refused.value.detail) == ("unauthenticated", "a valid token is needed")
    logged = capsys.readouterr().err
    assert '"identity.refused"' in logged
    assert len(token) < 5 or token not in logged
    assert "canary" not in logged


HEADERS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "none": lambda t: (),
    "twice": lambda t: (f"Bearer {t}", f"Bearer {t}"),
    "twice, one of them empty": lambda t: ("", f"Bearer {t}"),
    "basic": lambda t: (f"Basic {t}",),
    "no scheme": lambda t: (t,),
    "scheme only": lambda t: ("Bearer",),
    "two tokens": lambda t: (f"Bearer {t} {t}",),
    "comma-joined": lambda t: (f"Bearer {t}, Bearer {t}",),
    "tab": lambda t: (f"Bearer\t{t}",),
    "quoted": lambda t: (f'Bearer "{t}"',),
}


@pytest.mark.parametrize("shape", HEADERS.values(), ids=HEADERS.keys())
async def test_a_good_token_in_an_odd_header_is_refused(
    identities: Identities, issuer: Issuer, shape: Callable[[str], tuple[str, ...]]
) -> None:
    with pytest.raises(NotPermitted):
        await identities.app_user(Asked(*shape(issuer.token_for("u1"))))


HERE = f"{PUBLIC}/sync_user"
SERVICE_FORGERIES: dict[str, Forge] = {
    "user token": lambda i: i.token_for("u1"),
    "user token with the account's address": lambda i: i.token_for("u1", email=TASKS, email_verified=True, aud=HERE),
    "another account": lambda i: i.service_token("evil@other.iam.gserviceaccount.com", HERE),
    "the scheduler's account": lambda i: i.service_token(SCHEDULER, HERE),
    "the account in capitals": lambda i: i.service_token(TASKS.upper(), HERE),
    "the account with a suffix": lambda i: i.service_token(TASKS + ".evil.example", HERE),
    "address unverified": lambda i: i.service_token(TASKS, HERE, email_verified=False),
    "address verified in words": lambda i: i.service_token(TASKS, HERE, email_verified="true"),
    "address verified as a number": lambda i: i.service_token(TASKS, HERE, email_verified=1),
    "address verified null": lambda i: i.service_token(TASKS, HERE, email_verified=None),
    "no address": lambda i: i.service_token(TASKS, HERE, email=None),
    "another function": lambda i: i.service_token(TASKS, f"{PUBLIC}/sync_dispatch"),
    "a longer path": lambda i: i.service_token(TASKS, f"{HERE}/"),
    "the whole service": lambda i: i.service_token(TASKS, PUBLIC),
    "another host": lambda i: i.service_token(TASKS, "https://evil.example/sync_user"),
    "over http": lambda i: i.service_token(TASKS, HERE.replace("https", "http")),
    "audience a list": lambda i: i.service_token(TASKS, HERE, aud=[HERE]),
    "for the OAuth client": lambda i: i.service_token(TASKS, CLIENT),
    "another issuer": lambda i: i.service_token(TASKS, HERE, iss="https://evil.example"),
    "firebase as issuer": lambda i: i.service_token(TASKS, HERE, iss=f"https://securetoken.google.com/{PROJECT}"),
    "no issuer": lambda i: i.service_token(TASKS, HERE, iss=None),
    "expired": lambda i: i.service_token(TASKS, HERE, exp=_now(i) - 31, iat=_now(i) - HOUR),
    "issued in the future": lambda i: i.service_token(TASKS, HERE, iat=_now(i) + 31),
    "firebase's key": lambda i: i.firebase.sign({"iss": GOOGLE, "aud": HERE, "email": TASKS, "email_verified": True}),
}


@pytest.mark.parametrize("forge", SERVICE_FORGERIES.values(), ids=SERVICE_FORGERIES.keys())
async def test_a_forged_or_odd_service_token_is_refused(identities: Identities, issuer: Issuer, forge: Forge) -> None:
    with pytest.raises(NotPermitted) as refused:
        await identities.tasks(Asked(f"Bearer {forge(issuer)}"))
    assert refused.value.code == "unauthenticated"


async def test_tasks_may_not_call_as_the_scheduler(identities: Identities, issuer: Issuer) -> None:
    with pytest.raises(NotPermitted):
        await identities.scheduler(Asked(f"Bearer {issuer.service_token(TASKS, HERE)}"))


GOOGLE_FORGERIES: dict[str, Forge] = {
    "another client": lambda i: i.service_token("a@gmail.com", "other.apps.googleusercontent.com", nonce="n1"),
    "a function": lambda i: i.service_token("a@gmail.com", HERE, nonce="n1"),
    "another issuer": lambda i: i.service_token("a@gmail.com", CLIENT, nonce="n1", iss="https://evil.example"),
    "expired": lambda i: i.service_token("a@gmail.com", CLIENT, nonce="n1", exp=_now(i) - 31),
    "another nonce": lambda i: i.service_token("a@gmail.com", CLIENT, nonce="n2"),
    "no nonce": lambda i: i.service_token("a@gmail.com", CLIENT),
    "no subject": lambda i: i.service_token("a@gmail.com", CLIENT, nonce="n1", sub=None),
    "subject empty": lambda i: i.service_token("a@gmail.com", CLIENT, nonce="n1", sub=""),
    "user token": lambda i: i.token_for("u1", aud=CLIENT, nonce="n1"),
}


@pytest.mark.parametrize("forge", GOOGLE_FORGERIES.values(), ids=GOOGLE_FORGERIES.keys())
async def test_a_forged_or_odd_google_id_token_is_refused(identities: Identities, issuer: Issuer, forge: Forge) -> None:
    with pytest.raises(NotPermitted):
        await identities.google_subject(forge(issuer), nonce="n1")


async def test_a_new_key_is_found_and_the_old_one_still_serves(
    identities: Identities, issuer: Issuer, clock: ManualClock
) -> None:
    old = issuer.token_for("u1")
    await identities.app_user(Asked(f"Bearer {old}"))
    issuer.firebase.rotate()
    clock.advance(PAUSE)
    assert await identities.app_user(Asked(f"Bearer {issuer.token_for('u2')}")) == AppUser("u2")
    assert await identities.app_user(Asked(f"Bearer {old}")) == AppUser("u1")


async def test_a_key_that_is_no_longer_published_is_no_longer_believed(
    identities: Identities, issuer: Issuer, clock: ManualClock
) -> None:
    old = issuer.token_for("u1", exp=_now(issuer) + 9 * HOUR)
    await identities.app_user(Asked(f"Bearer {old}"))
    issuer.firebase.rotate()
    issuer.firebase.rotate()
    clock.advance(timedelta(hours=1))
    with pytest.raises(NotPermitted):
        await identities.app_user(Asked(f"Bearer {old}"))


async def test_invented_key_ids_cannot_make_us_ask_often(
    identities: Identities, issuer: Issuer, publisher: tuple[Publisher, str], clock: ManualClock
) -> None:
    await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}"))
    for n in range(50):
        clock.advance(timedelta(seconds=1))
        with pytest.raises(NotPermitted):
            await identities.app_user(Asked(f"Bearer {_signed_header(kid=str(n))(issuer)}"))
    assert publisher[0].calls == 2


async def test_a_key_that_cannot_be_looked_up_is_not_now_instead_of_never(
    identities: Identities, issuer: Issuer, publisher: tuple[Publisher, str], clock: ManualClock
) -> None:
    old = issuer.token_for("u1")
    await identities.app_user(Asked(f"Bearer {old}"))
    issuer.firebase.rotate()
    newer = Asked(f"Bearer {issuer.token_for('u2')}")
    publisher[0].status = 503
    clock.advance(PAUSE)
    for _ in range(2):
        with pytest.raises(Unavailable) as unavailable:
            await identities.app_user(newer)
        assert unavailable.value.code == "keys_unavailable"
        assert await identities.app_user(Asked(f"Bearer {old}")) == AppUser("u1")
    assert publisher[0].calls == 2
    publisher[0].status = 200
    clock.advance(PAUSE)
    assert await identities.app_user(newer) == AppUser("u2")
    with pytest.raises(NotPermitted):
        await identities.app_user(Asked(f"Bearer {_signed_header(kid='invented')(issuer)}"))


async def test_whoever_comes_while_newer_keys_are_under_way_waits_for_them(
    identities: Identities, issuer: Issuer, publisher: tuple[Publisher, str], clock: ManualClock
) -> None:
    await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}"))
    issuer.firebase.rotate()
    clock.advance(PAUSE)
    publisher[0].go.clear()
    publisher[0].asked.clear()
    first = asyncio.create_task(identities.app_user(Asked(f"Bearer {issuer.token_for('u2')}")))
    await publisher[0].asked.wait()
    second = asyncio.create_task(identities.app_user(Asked(f"Bearer {issuer.token_for('u3')}")))
    await asyncio.sleep(0.01)
    publisher[0].go.set()
    assert (await first, await second) == (AppUser("u2"), AppUser("u3"))
    assert publisher[0].calls == 2


@pytest.mark.parametrize(
    ("max_age", "until_fetched_again_s"), [(0, 300), (3600, 3600), (10**8, 24 * HOUR)], ids=["floor", "as told", "cap"]
)
async def test_keys_are_kept_as_long_as_told_within_bounds(
    identities: Identities,
    issuer: Issuer,
    publisher: tuple[Publisher, str],
    clock: ManualClock,
    max_age: int,
    until_fetched_again_s: int,
) -> None:
    publisher[0].max_age = max_age
    for offset, calls in ((0, 1), (until_fetched_again_s - 1, 1), (1, 2)):
        clock.advance(timedelta(seconds=offset))
        await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}"))
        assert publisher[0].calls == calls


BROKEN = {
    "error": (500, "oops"),
    "redirect": (302, ""),
    "not json": (200, "<html>"),
    "nothing in it": (200, "{}"),
    "empty set": (200, '{"keys": []}'),
    "a list": (200, "[]"),
    "nested": (200, "[" * 50_000),
}


@pytest.mark.parametrize(("status", "body"), BROKEN.values(), ids=BROKEN.keys())
async def test_while_the_publisher_fails_known_keys_serve_for_a_day(
    identities: Identities, issuer: Issuer, publisher: tuple[Publisher, str], clock: ManualClock, status: int, body: str
) -> None:
    await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}"))
    publisher[0].status, publisher[0].body = status, body
    clock.advance(timedelta(hours=1) + STALE - timedelta(seconds=1))
    assert await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}")) == AppUser("u1")
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unavailable):
        await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}"))


async def test_without_any_key_nobody_is_believed_until_there_is_one(
    identities: Identities, issuer: Issuer, publisher: tuple[Publisher, str]
) -> None:
    publisher[0].status = 503
    with pytest.raises(Unavailable) as unavailable:
        await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}"))
    assert unavailable.value.code == "keys_unavailable"
    publisher[0].status = 200
    assert await identities.app_user(Asked(f"Bearer {issuer.token_for('u1')}")) == AppUser("u1")


async def test_machines_name_the_address_that_they_call(
    publisher: tuple[Publisher, str], issuer: Issuer, clock: ManualClock
) -> None:
    http, machines = Http(), "https://asia-northeast1-kagamino.cloudfunctions.net"
    apart = settings(publisher, machine_url=machines)
    called = Identities(apart, function="sync_user", http=http, clock=clock)
    there, here = (Asked(f"Bearer {issuer.service_token(TASKS, f'{url}/sync_user')}") for url in (machines, PUBLIC))
    assert (await called.tasks(there)).email == TASKS
    with pytest.raises(NotPermitted):
        await called.tasks(here)
    await http.close()


async def test_people_who_arrive_together_share_one_fetch(
    identities: Identities, issuer: Issuer, publisher: tuple[Publisher, str]
) -> None:
    log.open_account()
    tokens = [issuer.token_for(f"u{n}") for n in range(10)]
    people = await asyncio.gather(*(identities.app_user(Asked(f"Bearer {token}")) for token in tokens))
    assert people == [AppUser(f"u{n}") for n in range(10)]
    assert publisher[0].calls == 1


def test_keys_that_are_weak_private_or_for_other_uses_are_passed_over(issuer: Issuer) -> None:
    good = issuer.google.jwks()[0]
    weak = SigningKeys(issuer._clock)
    weak.adopt(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    odd = [
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "ps", "alg": "PS256"},
        {**good, "kid": "ec", "kty": "EC"},
        {**good, "kid": "secret", "kty": "oct", "k": "AAAA"},
        {**good, "kid": 7},
        {**good, "kid": "broken", "n": "@"},
        {**weak.jwks()[0], "kid": "weak"},
        {**good, "kid": "a number", "n": 5},
        {**good, "kid": "nothing", "e": None},
        "text",
    ]
    assert list(parse(json.dumps({"keys": [*odd, good]}).encode())) == [good["kid"]]


def test_a_certificate_of_a_kind_that_is_not_known_yet_is_passed_over(issuer: Issuer) -> None:
    good = issuer.firebase.certificates()
    [pem] = good.values()
    rsa_keys, others = (bytes.fromhex(f"06092a864886f70d0101{last}0500") for last in ("01", "7f"))
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER).replace(rsa_keys, others)
    newer = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
    assert list(parse(json.dumps({"newer": newer, **good}).encode())) == list(good)
