"""Signatures: what is made is believed, and nothing else is."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.cloud.secretmanager_v1 import SecretVersion
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.api_jws import PyJWS

from infra.local.secrets import LocalSecrets
from infra.local.wire import Server
from shared.clock import ManualClock
from shared.cloud.secrets import FRESH, Secrets
from shared.cloud.signing import Signer, Unbelieved, believed, keys_of, public_jwk
from shared.errors import Refused
from tests.fakes import MemorySecrets

TYP = "test+jws"
SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
KEYS = {"1": KEY.public_key(), "2": Ed25519PrivateKey.from_private_bytes(OTHER).public_key()}
RAW = KEY.public_key().public_bytes_raw()


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: object, payload: bytes = b"{}", key: Ed25519PrivateKey = KEY) -> str:
    """A JWS whose signature is good, whatever its header says."""
    content = f"{segment(header)}.{segment(payload)}"
    return f"{content}.{segment(key.sign(content.encode()))}"


def hmac_signed(header: object, secret: bytes) -> str:
    content = f"{segment(header)}.{segment(b'{}')}"
    return f"{content}.{segment(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"


GOOD = {"alg": "EdDSA", "kid": "1", "typ": TYP}


@pytest.fixture
def memory() -> MemorySecrets:
    return MemorySecrets({"k": [SEED]})


async def test_what_was_signed_is_believed_under_the_published_keys(memory: MemorySecrets):
    signer = Signer(memory, "k")
    jws = await signer.sign(b'{"a":1}', typ=TYP)
    keys = keys_of(msgspec.json.encode(await signer.published()))
    assert believed(jws, keys, typ=TYP) == b'{"a":1}'
    assert json.loads(base64.urlsafe_b64decode(jws.split(".")[0] + "==")) == GOOD


async def test_the_same_payload_gives_the_same_signature(memory: MemorySecrets):
    signer = Signer(memory, "k")
    assert await signer.sign(b"x", typ=TYP) == await signer.sign(b"x", typ=TYP)


async def test_the_published_set_says_what_the_standard_says_and_no_private_part(memory: MemorySecrets):
    published = json.loads(msgspec.json.encode(await Signer(memory, "k").published()))
    assert published == {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": segment(RAW), "kid": "1", "alg": "EdDSA", "use": "sig"},
        ]
    }


async def test_after_a_rotation_the_new_key_signs_and_the_old_signature_is_still_believed(memory: MemorySecrets):
    signer = Signer(memory, "k")
    old = await signer.sign(b"old", typ=TYP)
    memory.rotate("k", OTHER)
    new = await signer.sign(b"new", typ=TYP)
    published = await signer.published()
    assert [jwk.kid for jwk in published.keys] == ["2", "1"]
    keys = keys_of(msgspec.json.encode(published))
    assert (believed(old, keys, typ=TYP), believed(new, keys, typ=TYP)) == (b"old", b"new")
    assert json.loads(base64.urlsafe_b64decode(new.split(".")[0] + "=="))["kid"] == "2"


async def test_a_version_that_is_disabled_signs_and_proves_nothing_any_more():
    clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    held = LocalSecrets(project="p", clock=clock)
    server = Server(held.service())
    await server.start()
    secrets = Secrets(project="p", endpoint=server.endpoint, clock=clock)
    signer = Signer(secrets, "k")
    for seed in (SEED, OTHER):
        held.put("k", seed)
    jws = await signer.sign(b"x", typ=TYP)
    assert [jwk.kid for jwk in (await signer.published()).keys] == ["2", "1"]
    held.set_state("k", "2", SecretVersion.State.DISABLED)
    clock.advance(FRESH)
    published = await signer.published()
    assert [jwk.kid for jwk in published.keys] == ["1"]
    with pytest.raises(Unbelieved, match="key_unknown"):
        believed(jws, keys_of(msgspec.json.encode(published)), typ=TYP)
    assert believed(await signer.sign(b"y", typ=TYP), KEYS, typ=TYP) == b"y"
    await secrets.close()
    await server.stop()


async def test_a_secret_that_is_no_seed_is_refused_by_name_and_not_shown():
    signer = Signer(MemorySecrets({"k": [b"canary"]}), "k")
    for ask in (signer.sign(b"x", typ=TYP), signer.published()):
        with pytest.raises(Refused) as refused:
            await ask
        assert refused.value.code == "secret_missing"
        assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("jws", "reason"),
    [
        ("", "shape"),
        ("a.b", "shape"),
        ("a.b.c.d", "shape"),
        (signed(GOOD) + "=", "shape"),
        (signed(GOOD) + "\n", "shape"),
        ('{"payload":"e30","signatures":[]}', "shape"),
        (signed(["EdDSA"]), "shape"),
        (f"{segment(b'no json')}.e30.e30", "shape"),
        (f"{segment({**GOOD, 'alg': 'none'})}.e30.", "shape"),
        (signed({**GOOD, "alg": "none"}), "algorithm"),
        (signed({**GOOD, "alg": "None"}), "algorithm"),
        (signed({**GOOD, "alg": ["EdDSA"]}), "algorithm"),
        (signed({"kid": "1", "typ": TYP}), "algorithm"),
        (hmac_signed({**GOOD, "alg": "HS256"}, RAW), "algorithm"),
        (hmac_signed({**GOOD, "alg": "HS256"}, segment(RAW).encode()), "algorithm"),
        (hmac_signed(GOOD, RAW), "signature"),
        (signed({**GOOD, "typ": "JWT"}), "type"),
        (signed({"alg": "EdDSA", "kid": "1"}), "type"),
        (signed({**GOOD, "typ": "application/" + TYP}), "type"),
        (signed({**GOOD, "crit": ["exp"], "exp": 1}), "header_field"),
        (signed({**GOOD, "crit": []}), "header_field"),
        (signed({**GOOD, "b64": True}), "header_field"),
        (signed({**GOOD, "jku": "https://evil.example/keys"}), "header_field"),
        (signed({**GOOD, "jwk": msgspec.to_builtins(public_jwk(KEY.public_key(), "1"))}), "header_field"),
        (signed({**GOOD, "x5u": "https://evil.example"}), "header_field"),
        (signed({"alg": "EdDSA", "typ": TYP}), "header_field"),
        (signed({**GOOD, "kid": "3"}), "key_unknown"),
        (signed({**GOOD, "kid": 1}), "key_unknown"),
        (signed({**GOOD, "kid": "../1"}), "key_unknown"),
        (signed({**GOOD, "kid": "2"}), "signature"),
        (signed(GOOD, key=Ed25519PrivateKey.from_private_bytes(OTHER)), "signature"),
    ],
)
def test_what_is_not_signed_as_it_must_be_is_not_believed(jws: str, reason: str):
    with pytest.raises(Unbelieved) as why:
        believed(jws, KEYS, typ=TYP)
    assert why.value.reason == reason


@settings(deadline=None)
@given(st.data())
def test_any_one_character_changed_is_found(data: st.DataObject):
    jws = signed(GOOD, b'{"decision":"give"}')
    place = data.draw(st.integers(0, len(jws) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."))
    altered = jws[:place] + letter + jws[place + 1 :]
    if altered != jws:
        with pytest.raises(Unbelieved):
            believed(altered, KEYS, typ=TYP)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_not_believed(noise: bytes):
    with pytest.raises(Unbelieved):
        believed(noise.decode("latin1"), KEYS, typ=TYP)


def test_a_signature_s_last_bits_cannot_be_varied():
    jws = signed(GOOD)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = jws[:-1] + alphabet[alphabet.index(jws[-1]) ^ 1]
    with pytest.raises(Unbelieved, match="signature"):
        believed(twin, KEYS, typ=TYP)


def test_only_public_keys_for_signing_with_ed25519_are_taken_from_a_set():
    good = msgspec.to_builtins(public_jwk(KEY.public_key(), "1"))
    private = {**good, "kid": "2", "d": segment(SEED)}
    others = [
        private,
        {**good, "kid": "3", "use": "enc"},
        {**good, "kid": "4", "alg": "HS256"},
        {**good, "kid": "5", "crv": "Ed448"},
        {**good, "kid": "6", "x": "short"},
        {"kty": "oct", "k": segment(RAW), "kid": "7"},
        {**good, "kid": 8},
        "9",
        {name: value for name, value in good.items() if name != "kid"},
    ]
    assert keys_of(json.dumps({"keys": [*others, good]}).encode()).keys() == {"1"}


@pytest.mark.parametrize("published", [b"[]", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[{"kty":"RSA"}]}'])
def test_what_is_no_key_set_is_said_to_be_none(published: bytes):
    with pytest.raises(ValueError, match="key"):
        keys_of(published)


def test_an_rsa_signature_is_not_believed():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jws = PyJWS(["RS256"]).encode(b"{}", key, algorithm="RS256", headers={"kid": "1", "typ": TYP})
    with pytest.raises(Unbelieved, match="algorithm"):
        believed(jws, KEYS, typ=TYP)
