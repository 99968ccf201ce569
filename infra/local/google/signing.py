"""The key that signs Google's ID tokens in this world, and its public half as a JWK set."""

import base64
from functools import cached_property
from typing import TYPE_CHECKING

import jwt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class SigningKey:
    """An RSA key, made on first use and gone with the process. Hand in `private` to keep one."""

    def __init__(self, kid: str, private: "RSAPrivateKey | None" = None) -> None:
        self.kid = kid
        self._given = private

    @cached_property
    def private(self) -> "RSAPrivateKey":
        """The private half."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        return self._given or rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, claims: dict[str, object]) -> str:
        """A JWT, RS256."""
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": self.kid})

    @cached_property
    def jwks(self) -> dict[str, object]:
        """What /oauth2/v3/certs answers."""
        numbers = self.private.public_key().public_numbers()
        public = {"n": _number(numbers.n), "e": _number(numbers.e)}
        return {"keys": [{"kid": self.kid, "kty": "RSA", "alg": "RS256", "use": "sig", **public}]}


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode().rstrip("=")
