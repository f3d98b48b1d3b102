"""Ed25519 signatures of what a service says to its boxes; a box knows the service's key since it joined.

The code that a box joins with holds a fingerprint of the key, so that nobody between the two can put another in its
place, and each answer is signed with a number that the box has just drawn, so that no old one can be shown again.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recognizer.errors import FleetError

HEADER = "x-fleet-signature"
_CONTEXT = b"recognizer fleet 1\0"
"""Before every message, so that a signature is good for nothing else."""


def new_key() -> bytes:
    """Return a new private key, 32 bytes."""
    raw = serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    return Ed25519PrivateKey.generate().private_bytes(*raw)


def public_key(private: bytes) -> bytes:
    """Return the public key of a private one, 32 bytes."""
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes(*raw)


def fingerprint(public: bytes) -> str:
    """Return 128 bits of the SHA-256 of a public key, as text."""
    return base64.urlsafe_b64encode(hashlib.sha256(public).digest()[:16]).decode().rstrip("=")


def sign(private: bytes, nonce: str, body: bytes) -> str:
    """Sign an answer to the request with this nonce; base64."""
    message = _CONTEXT + nonce.encode() + b"\0" + body
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(private).sign(message)).decode()


def verify(public: bytes, nonce: str, body: bytes, signature: str) -> None:
    """Check an answer.

    Raises:
        FleetError: if the service did not sign it, or signed it for another request.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, _CONTEXT + nonce.encode() + b"\0" + body)
    except (ValueError, InvalidSignature):
        raise FleetError(
            "The answer is not signed by the service that this box joined; nothing of it is used. Another service at "
            "the same address? Then 'fleet leave', and join it."
        ) from None
