"""The key pair by which push services know this site, and what it signs (RFC 8292).

Pure: settings make the first key with it.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_P256_OCTETS = 32


def new_private_key() -> str:
    """Return a new private key: the number of a P-256 key, 32 octets, in base64url without padding."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _base64url(number.to_bytes(_P256_OCTETS, "big"))


def public_key(private_key: str) -> str:
    """Return the public key as browsers want it: the uncompressed point, in base64url without padding.

    Raises ValueError where the private key is none.
    """
    return _base64url(_load(private_key).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def is_private_key(text: str) -> bool:
    """Return whether `text` is a private key as `new_private_key` makes them."""
    try:
        _load(text)
    except ValueError:
        return False
    return True


def authorization(private_key: str, *, audience: str, expires_at: dt.datetime, subject: str) -> str:
    """Return the Authorization header for a push service: a JWT, signed with ES256 (RFC 7518 section 3.4), and the key.

    `audience` is the push service's origin, `subject` how its people reach those who run this site.
    """
    # In the order of the alphabet: a push service is known that reads no other.
    claims = {"aud": audience, "exp": int(expires_at.timestamp()), "sub": subject}
    signed = ".".join(_base64url(_json(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(_load(private_key).sign(signed.encode(), ec.ECDSA(SHA256())))
    signature = r.to_bytes(_P256_OCTETS, "big") + s.to_bytes(_P256_OCTETS, "big")
    return f"vapid t={signed}.{_base64url(signature)},k={public_key(private_key)}"


def _load(private_key: str) -> ec.EllipticCurvePrivateKey:
    octets = base64.urlsafe_b64decode(private_key + "=" * (-len(private_key) % 4))
    if len(octets) != _P256_OCTETS:
        raise ValueError("a private key has 32 octets")
    return ec.derive_private_key(int.from_bytes(octets, "big"), ec.SECP256R1())


def _json(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
