"""Identities for one machine: Firebase-style ID tokens for test users, service tokens, and the keys that prove them."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.clock import Clock

LIFETIME = timedelta(hours=1)
GOOGLE = "https://accounts.google.com"
IAP = "https://cloud.google.com/iap"
STAFF_AUDIENCE = "/projects/1/global/backendServices/1"
"""Whom the local stand-in of Identity-Aware Proxy makes its assertions for."""
KEPT_KEYS = 2

KeySource = Callable[[], Awaitable[list[dict[str, Any]]]]
"""Another publisher's JWK set members: the simulated Google's, or that of whatever stands in its place."""


class SigningKeys:
    """RSA keys of one publisher: the last signs, the one before stays published while its tokens live."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: list[rsa.RSAPrivateKey] = []

    def rotate(self) -> None:
        """Sign with a new key from here on."""
        self.adopt(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def adopt(self, key: rsa.RSAPrivateKey) -> None:
        """Sign with `key` from here on."""
        self._keys = [*self._keys[1 - KEPT_KEYS :], key]

    def sign(self, claims: dict[str, Any], /, **header: Any) -> str:
        """A compact token. `header` adds to, or replaces, {alg, kid, typ}; a replaced `alg` still signs RS256."""
        key = self._current()
        header = {"alg": "RS256", "kid": key_id(key.public_key()), "typ": "JWT", **header}
        # Signed by hand: the library refuses to make tokens as wrong as tests need them.
        signed = unsigned(json.dumps(header), json.dumps(claims)).removesuffix(".")
        return f"{signed}.{_base64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def certificates(self) -> dict[str, str]:
        """Self-signed certificates in PEM by key id, as Firebase publishes them."""
        self._current()
        return {key_id(key.public_key()): self._certificate(key) for key in self._keys}

    def jwks(self) -> list[dict[str, Any]]:
        """The keys as a JWK set's members, as Google publishes them."""
        self._current()
        return [
            {
                **RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": key_id(key.public_key()),
                "use": "sig",
                "alg": "RS256",
            }
            for key in self._keys
        ]

    def _current(self) -> rsa.RSAPrivateKey:
        if not self._keys:
            self.rotate()
        return self._keys[-1]

    def _certificate(self, key: rsa.RSAPrivateKey) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local issuer")])
        now = self._clock.now()
        made = (
            x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
            .serial_number(int(key_id(key.public_key())[:16], 16) or 1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=14))
            .sign(key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()


class ProxyKeys:
    """The keys of Identity-Aware Proxy, on the curve P-256; as `SigningKeys`."""

    def __init__(self) -> None:
        self._keys: list[ec.EllipticCurvePrivateKey] = []

    def rotate(self) -> None:
        """Sign with a new key from here on."""
        self._keys = [*self._keys[1 - KEPT_KEYS :], ec.generate_private_key(ec.SECP256R1())]

    def sign(self, claims: dict[str, Any], /, **header: Any) -> str:
        """A compact token; `header` as for `SigningKeys.sign`."""
        key = self._current()
        header = {"alg": "ES256", "kid": key_id(key.public_key()), "typ": "JWT", **header}
        signed = unsigned(json.dumps(header), json.dumps(claims)).removesuffix(".")
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def jwks(self) -> list[dict[str, Any]]:
        """The keys as a JWK set's members."""
        self._current()
        return [
            {
                **ECAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": key_id(key.public_key()),
                "use": "sig",
                "alg": "ES256",
            }
            for key in self._keys
        ]

    def _current(self) -> ec.EllipticCurvePrivateKey:
        if not self._keys:
            self.rotate()
        return self._keys[-1]


class Issuer:
    """Issues tokens that `shared.cloud.identity` accepts, and publishes their keys under /identity."""

    def __init__(self, *, firebase_project: str, clock: Clock) -> None:
        self._project = firebase_project
        self._clock = clock
        self.firebase = SigningKeys(clock)
        self.google = SigningKeys(clock)
        self.iap = ProxyKeys()
        self.also_published: list[KeySource] = []
        self.disabled: set[str] = set()
        self._valid_since: dict[str, int] = {}

    def sign_out_everywhere(self, uid: str) -> None:
        """End every sign-in of `uid` so far, as Firebase does when a password changes or an administrator says so."""
        self._valid_since[uid] = self._now_s() + 1

    def token_for(self, uid: str, /, **claims: Any) -> str:
        """A Firebase-style ID token of the test user `uid`, good for an hour. `claims` add or replace."""
        return self.firebase.sign(
            {
                "iss": f"https://securetoken.google.com/{self._project}",
                "aud": self._project,
                **self._times(),
                "auth_time": self._now_s(),
                "sub": uid,
                "user_id": uid,
                "firebase": {"identities": {}, "sign_in_provider": "custom"},
                **claims,
            }
        )

    def service_token(self, email: str, audience: str, /, **claims: Any) -> str:
        """A token of a service account, as Cloud Scheduler, Cloud Tasks and other parties' systems send it, good for an
        hour. `claims` add or replace."""
        subject = account_id(email)
        return self.google.sign(
            {
                "iss": GOOGLE,
                "aud": audience,
                "azp": subject,
                "sub": subject,
                **self._times(),
                "email": email,
                "email_verified": True,
                **claims,
            }
        )

    def staff_assertion(self, email: str, /, **claims: Any) -> str:
        """What Identity-Aware Proxy asserts of a member of staff's account, good for ten minutes. `claims` add or
        replace."""
        now = self._now_s()
        return self.iap.sign(
            {
                "iss": IAP,
                "aud": STAFF_AUDIENCE,
                "sub": staff_sub(email),
                "email": email,
                "hd": email.partition("@")[2],
                "iat": now,
                "exp": now + 600,
                **claims,
            }
        )

    def app(self) -> Starlette:
        """/firebase_certs, /certs, /iap_certs and /accounts:lookup."""
        return Starlette(
            routes=[
                Route("/firebase_certs", self._serve_certificates),
                Route("/certs", self._serve_jwks),
                Route("/iap_certs", self._serve_iap_jwks),
                Route("/accounts:lookup", self._look_up, methods=["POST"]),
            ]
        )

    async def _serve_certificates(self, _: Request) -> JSONResponse:
        return JSONResponse(self.firebase.certificates(), headers={"cache-control": "public, max-age=3600"})

    async def _serve_jwks(self, _: Request) -> JSONResponse:
        others = [key for source in self.also_published for key in await source()]
        return JSONResponse({"keys": [*self.google.jwks(), *others]}, headers={"cache-control": "public, max-age=3600"})

    async def _serve_iap_jwks(self, _: Request) -> JSONResponse:
        return JSONResponse({"keys": self.iap.jwks()}, headers={"cache-control": "public, max-age=3600"})

    async def _look_up(self, request: Request) -> JSONResponse:
        """The account of an ID token, as Identity Toolkit tells it to whoever has the token."""
        payload = (await request.json())["idToken"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        uid, since = claims["sub"], self._valid_since.get(claims["sub"], 0)
        if uid in self.disabled or claims["auth_time"] < since:
            said = "USER_DISABLED" if uid in self.disabled else "INVALID_ID_TOKEN"
            return JSONResponse({"error": {"code": 400, "message": said}}, 400)
        return JSONResponse({"users": [{"localId": uid, "validSince": str(since), "disabled": False}]})

    def _times(self) -> dict[str, int]:
        now = self._now_s()
        return {"iat": now, "exp": now + int(LIFETIME.total_seconds())}

    def _now_s(self) -> int:
        return int(self._clock.now().timestamp())


def account_id(email: str) -> str:
    """The unique id of an account."""
    return str(int(hashlib.sha256(email.encode()).hexdigest()[:16], 16))


def staff_sub(email: str) -> str:
    """The unchanging name of a member of staff's Google account, as Identity-Aware Proxy writes it."""
    return f"accounts.google.com:{account_id(email)}"


def key_id(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    """A stable name for a public key."""
    raw = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(raw).hexdigest()[:40]


def unsigned(header: str, payload: str, signature: bytes = b"") -> str:
    """A compact token of these exact parts, for trying what must be refused."""
    return ".".join(_base64(part) for part in (header.encode(), payload.encode(), signature))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
