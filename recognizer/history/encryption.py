"""Encrypt vectors and crops: AES-256-GCM, with a key that is kept elsewhere."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from recognizer.errors import ConfigError, HistoryError

_LONGEST_KEY_FILE = 4096
"""Characters that are read of a file with a key, which has 45: a device would have no end."""
KEY_BYTES = 32
KEY_VARIABLE = "RECOGNIZER_HISTORY_KEY"
CREDENTIAL = "history-key"
"""Name of the systemd credential, as in ``LoadCredential=history-key:/etc/recognizer/history.key``."""
_NONCE_BYTES = 12  # NIST SP 800-38D: random nonces of 96 bits for at most 2^32 values of one key


class Cipher(Protocol):
    """Turns stored bytes into others and back."""

    def seal(self, data: bytes) -> bytes:
        """Return what is stored."""

    def open(self, data: bytes) -> bytes:
        """Return what was sealed; raises ``HistoryError`` if it was altered or sealed with another key."""


class Plain:
    """Stores bytes as they are."""

    def seal(self, data: bytes) -> bytes:
        """Return the same bytes."""
        return data

    def open(self, data: bytes) -> bytes:
        """Return the same bytes."""
        return data


PLAIN = Plain()


class AesGcm:
    """Encrypts each value with a random nonce, which stands before it.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aes = AESGCM(key)

    def seal(self, data: bytes) -> bytes:
        """Encrypt; 28 bytes are added."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, data, None)

    def open(self, data: bytes) -> bytes:
        """Decrypt.

        Raises:
            HistoryError: if the value was altered, or encrypted with another key.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._aes.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise HistoryError("A value of the history was altered, or encrypted with another key.") from None


def find_key(key_file: Path | None, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """Return the key of a file, of the environment or of a systemd credential; ``None`` where there is none.

    Raises:
        ConfigError: if there is something else than a key.
    """
    if key_file is not None:
        return _read_key(key_file)
    if text := environment.get(KEY_VARIABLE):
        return parse_key(text, KEY_VARIABLE)
    if folder := environment.get("CREDENTIALS_DIRECTORY"):
        credential = Path(folder) / CREDENTIAL
        return _read_key(credential) if credential.exists() else None
    return None


def parse_key(text: str, where: str) -> bytes:
    """Decode a key from base64.

    Raises:
        ConfigError: if it is something else.
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{where}: wanted a key of {KEY_BYTES} bytes in base64; 'history key FILE' makes one.")
    return key


def write_key(path: Path) -> None:
    """Write a new random key, readable to its owner only.

    Raises:
        ConfigError: if the file exists or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} exists; a key is never overwritten, as what it encrypted would be lost.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii") + "\n")
    except OSError as error:  # half a key is none, and would be in the way of the next one
        path.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _read_key(path: Path) -> bytes:
    try:
        with path.open(encoding="ascii") as file:
            return parse_key(file.read(_LONGEST_KEY_FILE), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"The key {path} cannot be read: {why}.") from error
