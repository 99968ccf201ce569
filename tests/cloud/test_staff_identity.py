"""Staff are known by what Identity-Aware Proxy signs, and by nothing else: a corpus of forged and odd assertions."""

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
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.datastructures import Headers

from infra.local.issuer import STAFF_AUDIENCE, Issuer, ProxyKeys, SigningKeys, key_id, staff_sub, unsigned
from shared.clock import ManualClock
from shared.cloud.http import Http
from shared.cloud.identity import Identities, Staff
from shared.cloud.keys import PAUSE, parse
from shared.config import Settings
from shared.errors import NotPermitted
from tests.cloud.test_identity import Publisher

EMAIL = "suzuki@kagamino.example"
HEADER = "x-goog-iap-jwt-assertion"


class Asked:
    """A request with these headers."""

    def __init__(self, *headers: tuple[str, str]) -> None:
        self.headers = Headers(raw=[(name.encode(), value.encode("utf-8", "replace")) for name, value in headers])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


@pytest.fixture(scope="module")
def made() -> Issuer:
    """Made once: making keys is slow."""
    return Issuer(firebase_project="p", clock=ManualClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC)))


@pytest.fixture
def issuer(made: Issuer, clock: ManualClock) -> Issuer:
    made._clock = made.firebase._clock = made.google._clock = clock
    return made


@pytest.fixture
async def publisher(issuer: Issuer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Publisher(issuer).answer)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/")).rstrip("/")
    await server.close()


def identities_of(publisher: str, http: Http, clock: ManualClock, **more: Any) -> Identities:
    given: dict[str, Any] = {"iap_audience": STAFF_AUDIENCE, **more}
    settings = Settings(
        documents="sqlite:x",
        public_url="https://api.example.jp",
        firebase_project="p",
        firebase_certs_url=f"{publisher}/firebase_certs",
        google_certs_url=f"{publisher}/certs",
        iap_certs_url=f"{publisher}/iap_certs",
        scheduler_account="s@p",
        tasks_account="t@p",
        google_client_id="c",
        app_link="https://app.example.jp/linked",
        **given,
    )
    return Identities(settings, function="disclosure", http=http, clock=clock)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.close()


@pytest.fixture
def identities(publisher: str, http: Http, clock: ManualClock) -> Identities:
    return identities_of(publisher, http, clock)


async def test_whom_the_proxy_let_through_is_known_by_what_it_signs(identities: Identities, issuer: Issuer) -> None:
    staff = await identities.staff(Asked((HEADER, issuer.staff_assertion(EMAIL))))
    assert staff == Staff(staff_sub(EMAIL), EMAIL)
    assert "suzuki" not in repr(staff)


async def test_an_account_of_no_domain_is_let_in_where_none_is_asked_for(
    identities: Identities, issuer: Issuer
) -> None:
    assert (await identities.staff(Asked((HEADER, issuer.staff_assertion("a@gmail.com", hd=None))))).email


async def test_unsigned_headers_of_the_proxy_say_nothing(identities: Identities, issuer: Issuer) -> None:
    unsigned_ones = (
        ("x-goog-authenticated-user-email", f"accounts.google.com:{EMAIL}"),
        ("x-goog-authenticated-user-id", staff_sub(EMAIL)),
    )
    with pytest.raises(NotPermitted):
        await identities.staff(Asked(*unsigned_ones))
    other = Asked((HEADER, issuer.staff_assertion("tanaka@kagamino.example")), *unsigned_ones)
    assert (await identities.staff(other)).email == "tanaka@kagamino.example"


async def test_where_no_audience_is_set_nobody_is_staff(
    publisher: str, http: Http, clock: ManualClock, issuer: Issuer
) -> None:
    nowhere = identities_of(publisher, http, clock, iap_audience="")
    for audience in ("", STAFF_AUDIENCE, None):
        with pytest.raises(NotPermitted):
            await nowhere.staff(Asked((HEADER, issuer.staff_assertion(EMAIL, aud=audience))))


@pytest.mark.parametrize("hd", [None, "", "gmail.com", "KAGAMINO.EXAMPLE", ["kagamino.example"], "x.kagamino.example"])
async def test_where_a_domain_is_set_no_other_is_let_in(
    publisher: str, http: Http, clock: ManualClock, issuer: Issuer, hd: Any
) -> None:
    strict = identities_of(publisher, http, clock, staff_domain="kagamino.example")
    assert (await strict.staff(Asked((HEADER, issuer.staff_assertion(EMAIL))))).email
    with pytest.raises(NotPermitted):
        await strict.staff(Asked((HEADER, issuer.staff_assertion(EMAIL, hd=hd))))


async def test_a_clock_that_is_half_a_minute_off_is_forgiven(
    identities: Identities, issuer: Issuer, clock: ManualClock
) -> None:
    token = issuer.staff_assertion(EMAIL)
    clock.advance(timedelta(seconds=629))
    assert (await identities.staff(Asked((HEADER, token)))).email
    clock.advance(timedelta(seconds=1))
    with pytest.raises(NotPermitted):
        await identities.staff(Asked((HEADER, token)))


async def test_a_new_key_of_the_proxy_is_found(identities: Identities, issuer: Issuer, clock: ManualClock) -> None:
    old = issuer.staff_assertion(EMAIL)
    assert (await identities.staff(Asked((HEADER, old)))).email
    issuer.iap.rotate()
    clock.advance(PAUSE)
    assert (await identities.staff(Asked((HEADER, issuer.staff_assertion(EMAIL))))).email
    assert (await identities.staff(Asked((HEADER, old)))).email


Forge = Callable[[Issuer], str]


def _now(issuer: Issuer) -> int:
    return int(issuer._clock.now().timestamp())


def _said(issuer: Issuer) -> dict[str, Any]:
    payload = issuer.staff_assertion(EMAIL).split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


def _kid(issuer: Issuer) -> str:
    return key_id(issuer.iap._current().public_key())


def _parts(issuer: Issuer) -> list[str]:
    return issuer.staff_assertion(EMAIL).split(".")


def _claims(**claims: Any) -> Forge:
    return lambda i: i.staff_assertion(EMAIL, **claims)


def _header(**header: Any) -> Forge:
    return lambda i: i.iap.sign(_said(i), **header)


def _without(name: str) -> Forge:
    return lambda i: i.iap.sign({key: value for key, value in _said(i).items() if key != name})


def _unsigned(alg: str, signature: bytes = b"") -> Forge:
    return lambda i: unsigned(json.dumps({"alg": alg, "typ": "JWT", "kid": _kid(i)}), json.dumps(_said(i)), signature)


def _hmac_with_public_key(issuer: Issuer) -> str:
    header = json.dumps({"alg": "HS256", "typ": "JWT", "kid": _kid(issuer)})
    signed = unsigned(header, json.dumps(_said(issuer))).rpartition(".")[0]
    public = issuer.iap._current().public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _tampered(issuer: Issuer) -> str:
    header, claims, signature = _parts(issuer)
    altered = base64.urlsafe_b64decode(claims + "==").replace(b"suzuki", b"tanaka")
    return f"{header}.{base64.urlsafe_b64encode(altered).rstrip(b'=').decode()}.{signature}"


def _with_signature(change: Callable[[bytes], bytes]) -> Forge:
    def forge(issuer: Issuer) -> str:
        header, claims, signature = _parts(issuer)
        raw = change(base64.urlsafe_b64decode(signature + "=="))
        return f"{header}.{claims}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"

    return forge


def _der(raw: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))


FORGERIES: dict[str, Forge] = {
    "alg none": _unsigned("none"),
    "alg none, some signature": _unsigned("none", b"x"),
    "alg NONE": _unsigned("NONE", b"x"),
    "alg empty": _unsigned("", b"x"),
    "alg absent": lambda i: unsigned(json.dumps({"kid": _kid(i)}), json.dumps(_said(i)), b"x"),
    "alg in lower case": _header(alg="es256"),
    "es384 named": _header(alg="ES384"),
    "rs256 named": _header(alg="RS256"),
    "hs256 with the public key as secret": _hmac_with_public_key,
    "another key, known id": lambda i: ProxyKeys().sign(_said(i), kid=_kid(i)),
    "another key, own id": lambda i: ProxyKeys().sign(_said(i)),
    "an rsa key": lambda i: SigningKeys(i._clock).sign(_said(i), kid=_kid(i)),
    "an rsa key under es256": lambda i: SigningKeys(i._clock).sign(_said(i), kid=_kid(i), alg="ES256"),
    "google's key": lambda i: i.google.sign(_said(i)),
    "firebase's key": lambda i: i.firebase.sign(_said(i)),
    "kid unknown": _header(kid="0" * 40),
    "kid empty": _header(kid=""),
    "kid a path": _header(kid="../../dev/null"),
    "kid a number": _header(kid=1),
    "typ of an access token": _header(typ="at+jwt"),
    "crit": _header(crit=["exp"]),
    "jwk inside": lambda i: (other := ProxyKeys()).sign(_said(i), jwk=other.jwks()[0], kid=_kid(i)),
    "jku": _header(jku="https://evil.example/keys"),
    "x5u": _header(x5u="https://evil.example/cert"),
    "x5c": _header(x5c=["MIIB"]),
    "zip": _header(zip="DEF"),
    "b64 false": _header(b64=False),
    "signature of zeroes": _with_signature(lambda raw: bytes(64)),
    "signature in der": _with_signature(_der),
    "signature cut": _with_signature(lambda raw: raw[:-1]),
    "signature longer": _with_signature(lambda raw: raw + b"\0"),
    "signature halves swapped": _with_signature(lambda raw: raw[32:] + raw[:32]),
    "no signature": lambda i: ".".join(_parts(i)[:2]) + ".",
    "two parts": lambda i: ".".join(_parts(i)[:2]),
    "four parts": lambda i: i.staff_assertion(EMAIL) + ".x",
    "issuer of google": _claims(iss="https://accounts.google.com"),
    "issuer with a slash": _claims(iss="https://cloud.google.com/iap/"),
    "issuer over http": _claims(iss="http://cloud.google.com/iap"),
    "issuer a list": _claims(iss=["https://cloud.google.com/iap"]),
    "no issuer": _without("iss"),
    "another service's audience": _claims(aud="/projects/1/global/backendServices/2"),
    "another project's audience": _claims(aud="/projects/2/global/backendServices/1"),
    "an app engine audience": _claims(aud="/projects/1/apps/p"),
    "audience longer": _claims(aud=f"{STAFF_AUDIENCE}1"),
    "audience with a slash": _claims(aud=f"{STAFF_AUDIENCE}/"),
    "audience a list": _claims(aud=[STAFF_AUDIENCE]),
    "audience empty": _claims(aud=""),
    "no audience": _without("aud"),
    "expired": lambda i: i.staff_assertion(EMAIL, exp=_now(i) - 31, iat=_now(i) - 600),
    "no expiry": _without("exp"),
    "expiry in words": _claims(exp="tomorrow"),
    "expiry infinite": _claims(exp=float("inf")),
    "expiry true": _claims(exp=True),
    "good for an hour": lambda i: i.staff_assertion(EMAIL, exp=_now(i) + 3600),
    "good for a second too long": lambda i: i.staff_assertion(EMAIL, exp=_now(i) + 661),
    "issued in the future": lambda i: i.staff_assertion(EMAIL, iat=_now(i) + 31),
    "no issue time": _without("iat"),
    "issue time in words": _claims(iat="now"),
    "not yet valid": lambda i: i.staff_assertion(EMAIL, nbf=_now(i) + 60),
    "no subject": _without("sub"),
    "subject empty": _claims(sub=""),
    "subject a number": _claims(sub=7),
    "subject of 129 characters": _claims(sub="x" * 129),
    "no address": _without("email"),
    "address a list": _claims(email=[EMAIL]),
    "address of nobody": _claims(email="suzuki"),
    "two addresses": _claims(email=f"{EMAIL},tanaka@kagamino.example"),
    "address with a line break": _claims(email=f"{EMAIL}\n"),
    "tampered address": _tampered,
    "a person's token": lambda i: i.token_for("u1"),
    "a person's token that says it is for staff": lambda i: i.token_for("u1", iss=_said(i)["iss"], aud=STAFF_AUDIENCE),
    "a service's token": lambda i: i.service_token("s@p", STAFF_AUDIENCE),
    "header not json": lambda i: unsigned("hello", "{}", b"x"),
    "header deeply nested": lambda i: unsigned("[" * 5000, "{}", b"x"),
    "huge": _claims(padding="x" * 9000),
    "with a bearer": lambda i: f"Bearer {i.staff_assertion(EMAIL)}",
    "a space before": lambda i: f" {i.staff_assertion(EMAIL)}",
    "two, joined": lambda i: f"{i.staff_assertion(EMAIL)},{i.staff_assertion(EMAIL)}",
    "empty": lambda i: "",
    "a canary": lambda i: "canary-" * 10,
    "not ascii": lambda i: "あ.い.う",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forged_or_odd_assertion_is_refused_without_a_word_why(
    identities: Identities, issuer: Issuer, forge: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    token = forge(issuer)
    with pytest.raises(NotPermitted) as refused:
        await identities.staff(Asked((HEADER, token)))
    assert (refused.value.code, refused.value.detail) == ("unauthenticated", "a valid token is needed")
    logged = capsys.readouterr().err
    assert '"identity.refused"' in logged
    assert len(token) < 5 or token not in logged
    assert "canary" not in logged
    assert "suzuki" not in logged


async def test_a_good_assertion_in_an_odd_place_is_refused(identities: Identities, issuer: Issuer) -> None:
    token = issuer.staff_assertion(EMAIL)
    for headers in (
        (),
        ((HEADER, token), (HEADER, token)),
        ((HEADER, ""), (HEADER, token)),
        (("authorization", f"Bearer {token}"),),
        (("x-goog-iap-jwt", token),),
    ):
        with pytest.raises(NotPermitted):
            await identities.staff(Asked(*headers))


async def test_what_the_proxy_signs_opens_nothing_that_is_a_persons(identities: Identities, issuer: Issuer) -> None:
    bearer = Asked(("authorization", f"Bearer {issuer.staff_assertion(EMAIL)}"))
    for caller in (identities.app_user, identities.tasks, identities.scheduler, identities.reader):
        with pytest.raises(NotPermitted):
            await caller(bearer)


def test_keys_on_other_curves_and_for_other_uses_are_passed_over(issuer: Issuer) -> None:
    from jwt.algorithms import ECAlgorithm

    good = issuer.iap.jwks()[0]
    wider = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    odd = [
        {**wider, "kid": "p384", "use": "sig"},
        {**wider, "kid": "p384 said to be p256", "alg": "ES256"},
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "es384", "alg": "ES384"},
        {**good, "kid": "rsa", "kty": "RSA"},
        {**good, "kid": "off the curve", "x": good["y"]},
        {**good, "kid": "broken", "x": "@"},
        {**good, "kid": 7},
        issuer.google.jwks()[0],
        "text",
    ]
    assert list(parse(json.dumps({"keys": [*odd, good]}).encode(), "ES256")) == [good["kid"]]
    with pytest.raises(ValueError, match="usable"):
        parse(json.dumps({"keys": issuer.google.jwks()}).encode(), "ES256")
    with pytest.raises(ValueError, match="usable"):
        parse(json.dumps({"keys": [good]}).encode())
