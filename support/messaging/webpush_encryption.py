"""Message encryption for web push (RFC 8291): only the browser that subscribed can read what it gets. Pure.

The whole of it is one message in one record; what RFC 8188 has for files and streams is not needed.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: The size of the one record, as every sender names it: the most that a push service must take (RFC 8030 section 7.2).
_RECORD_OCTETS: Final = 4096
#: Ends the last record's text (RFC 8188 section 2).
_LAST: Final = b"\x02"
_TAG_OCTETS, _SALT_OCTETS = 16, 16


def encrypt(
    content: bytes,
    *,
    public_key: bytes,
    secret: bytes,
    own_key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push message, in the content coding aes128gcm.

    `public_key` (an uncompressed point of P-256) and `secret` are the subscription's `p256dh` and `auth`. `own_key` and
    `salt` are made anew for each message; only a test gives them. Raises ValueError where the content does not fit, or
    the point is none.
    """
    if len(content) + len(_LAST) + _TAG_OCTETS > _RECORD_OCTETS:
        raise ValueError("the content is longer than a record")
    own_key = own_key or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(_SALT_OCTETS)
    own_point = own_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own_key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key))
    # RFC 8291 section 3.4.
    keying = _hkdf(shared, salt=secret, info=b"WebPush: info\0" + public_key + own_point, octets=32)
    key = _hkdf(keying, salt=salt, info=b"Content-Encoding: aes128gcm\0", octets=16)
    nonce = _hkdf(keying, salt=salt, info=b"Content-Encoding: nonce\0", octets=12)
    # RFC 8188 section 2.1.
    header = salt + _RECORD_OCTETS.to_bytes(4, "big") + len(own_point).to_bytes(1, "big") + own_point
    return header + AESGCM(key).encrypt(nonce, content + _LAST, None)


def _hkdf(material: bytes, *, salt: bytes, info: bytes, octets: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=octets, salt=salt, info=info).derive(material)
