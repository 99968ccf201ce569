"""What passes for a receipt to somebody who looks at it quickly, and must not: other algorithms, other types, other
services' keys, parts of several receipts."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.api_jws import PyJWS

from shared.cloud.signing import keys_of
from shared.consent.model import Decision
from shared.consent.receipts import KEY, TYPE
from shared.consent.verify import check, main
from shared.vocabulary import Kind
from tests.consent.receipts import OTHER_SEED, SEED, House

OURS = Ed25519PrivateKey.from_private_bytes(SEED)
GOOD = {"alg": "EdDSA", "kid": "1", "typ": TYPE}
Forge = Callable[[bytes, bytes], str]
"""From what a genuine receipt says, and the published keys, to a forgery."""


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def payload_of(jws: str) -> bytes:
    part = jws.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def unsigned(alg: str, signature: bytes = b"") -> Forge:
    return lambda payload, keys: f"{segment({**GOOD, 'alg': alg})}.{segment(payload)}.{segment(signature)}"


def by_hmac(secret: Callable[[bytes], bytes], alg: str = "HS256") -> Forge:
    """Signed with what is public, taken for a secret."""

    def forge(payload: bytes, keys: bytes) -> str:
        content = f"{segment({**GOOD, 'alg': alg})}.{segment(payload)}"
        return f"{content}.{segment(hmac.new(secret(keys), content.encode(), hashlib.sha256).digest())}"

    return forge


def signed(key: Any = OURS, alg: str = "EdDSA", **header: Any) -> Forge:
    return lambda payload, keys: PyJWS([alg]).encode(
        payload, key, algorithm=alg, headers={**GOOD, "alg": alg, **header}
    )


def headed(**header: Any) -> Forge:
    """Our own signature, below a header that says something else."""

    def forge(payload: bytes, keys: bytes) -> str:
        content = f"{segment({**GOOD, **header})}.{segment(payload)}"
        return f"{content}.{segment(OURS.sign(content.encode()))}"

    return forge


def raw_public(_: bytes) -> bytes:
    return OURS.public_key().public_bytes_raw()


def pem_public(_: bytes) -> bytes:
    return OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def x_of(keys: bytes) -> bytes:
    found: str = json.loads(keys)["keys"][0]["x"]
    return found.encode()


FORGERIES: dict[str, tuple[Forge, str]] = {
    "no signature": (unsigned("none"), "shape"),
    "alg none, some signature": (unsigned("none", b"x"), "algorithm"),
    "alg None": (unsigned("None", b"x"), "algorithm"),
    "alg NONE": (unsigned("NONE", b"x"), "algorithm"),
    "alg empty": (unsigned("", b"x"), "algorithm"),
    "our algorithm, no signature": (unsigned("EdDSA"), "shape"),
    "our algorithm, some signature": (unsigned("EdDSA", b"x" * 64), "signature"),
    "hs256 with the public key": (by_hmac(raw_public), "algorithm"),
    "hs256 with the public key as text": (by_hmac(x_of), "algorithm"),
    "hs256 with the public key as pem": (by_hmac(pem_public), "algorithm"),
    "hs256 with the key set": (by_hmac(lambda keys: keys), "algorithm"),
    "hs256 with nothing": (by_hmac(lambda _: b""), "algorithm"),
    "an hmac that calls itself eddsa": (by_hmac(raw_public, "EdDSA"), "signature"),
    "rs256": (signed(rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"), "algorithm"),
    "es256": (signed(ec.generate_private_key(ec.SECP256R1()), "ES256"), "algorithm"),
    "ed25519 by its new name": (headed(alg="Ed25519"), "algorithm"),
    "eddsa in lower case": (headed(alg="eddsa"), "algorithm"),
    "another service's key of the same id": (signed(Ed25519PrivateKey.generate()), "signature"),
    "another service's key of its own id": (signed(Ed25519PrivateKey.generate(), kid="other"), "key_unknown"),
    "the key before, under the new one's id": (signed(kid="2"), "signature"),
    "the new key, under the old one's id": (signed(Ed25519PrivateKey.from_private_bytes(OTHER_SEED)), "signature"),
    "no key id": (headed(kid=None), "key_unknown"),
    "a token": (headed(typ="JWT"), "type"),
    "an access token": (headed(typ="at+jwt"), "type"),
    "a security event": (headed(typ="secevent+jwt"), "type"),
    "a type in capitals": (headed(typ=TYPE.upper()), "type"),
    "a media type": (headed(typ=f"application/{TYPE}"), "type"),
    "no type": (headed(typ=None), "type"),
    "a key of its own": (headed(jwk={"kty": "OKP", "crv": "Ed25519", "x": segment(bytes(32))}), "header_field"),
    "keys elsewhere": (headed(jku="https://evil.example/keys"), "header_field"),
    "something critical": (headed(crit=["exp"], exp=1), "header_field"),
    "not what was signed": (headed(b64=False, crit=["b64"]), "header_field"),
}  # fmt: skip


@pytest.fixture
async def house(sqlite_documents, clock) -> House:
    """Two people who decided about the same, one of them twice; and a second key."""
    made = House(sqlite_documents, clock)
    for uid in ("hana", "taro"):
        await made.decide(Decision.GIVE, Kind.SLEEP, Kind.STEPS, uid=uid)
    await made.decide(Decision.GIVE, Kind.SLEEP, Kind.STEPS)
    made.secrets.rotate(KEY, OTHER_SEED)
    return made


async def receipts(house: House) -> dict[str, str]:
    """Every receipt there is."""
    found = {}
    for uid, decision in (("hana", "1"), ("hana", "2"), ("taro", "1")):
        jws = (await house.receipts.find(uid, decision)).jws
        assert jws is not None
        found[f"{uid} {decision}"] = jws
    return found


@pytest.mark.parametrize("case", FORGERIES)
async def test_a_forgery_is_known_for_what_it_is(house: House, case: str):
    forge, reason = FORGERIES[case]
    published = await house.keys()
    payload = payload_of((await receipts(house))["hana 1"])
    assert check(forge(payload, published), keys_of(published), house.notices).reason == reason


async def test_receipts_of_two_people_or_two_decisions_cannot_be_put_together(house: House):
    """Whatever part of one receipt stands in another, the signature gives it away, or it is one of the two."""
    published, genuine = keys_of(await house.keys()), await receipts(house)
    for ours, theirs in permutations(genuine.values(), 2):
        one, other = ours.split("."), theirs.split(".")
        for place in range(3):
            swapped = ".".join([*one[:place], other[place], *one[place + 1 :]])
            reason = check(swapped, published, house.notices).reason
            assert reason == ("" if swapped in genuine.values() else "signature")


async def test_lines_that_change_places_between_receipts_are_found_even_under_our_own_key(house: House):
    published = await house.keys()
    payloads = [json.loads(payload_of(jws)) for jws in (await receipts(house)).values()]
    for ours, theirs in permutations(payloads, 2):
        mixed = json.loads(json.dumps(ours))
        mixed["dpv:hasProcess"][1] = theirs["dpv:hasProcess"][1]
        reason = check(signed()(json.dumps(mixed).encode(), published), keys_of(published), house.notices).reason
        assert reason in ("chain", "decision", "record")
        mixed["dpv:hasProcess"] = theirs["dpv:hasProcess"]
        reason = check(signed()(json.dumps(mixed).encode(), published), keys_of(published), house.notices).reason
        assert reason in ("decision", "record")


async def test_another_service_s_keys_prove_nothing_of_ours(house: House, tmp_path, capsys):
    theirs = House(house.documents, house.clock)
    theirs.secrets.rotate(KEY, bytes(32))
    (tmp_path / "keys.json").write_bytes(await theirs.keys())
    (tmp_path / "receipt.jws").write_text((await receipts(house))["hana 1"])
    assert main([str(tmp_path / "receipt.jws"), "--keys", str(tmp_path / "keys.json")]) == 1
    assert "NOT VALID" in capsys.readouterr().out
