"""Complete the address of a network camera by its password, read elsewhere: arguments and YAML files are public."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from loguru import logger

from recognizer.capture.names import display_name
from recognizer.errors import SourceError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PARTS = re.compile(r"(?s)^([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)(.*)$")
_HOST = re.compile(r"^(?:[\w.-]+|\[[0-9A-Fa-f:.%]+\])(?::\d*)?$")
_LONGEST_SECRET = 4096


def complete_address(
    address: str,
    *,
    password_env: str | None = None,
    password_file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> str:
    """Put variables and the password into an address, in the form that FFmpeg reads.

    ``${NAME}`` stands for an environment variable, in any part of the address. What is special in a user name or a
    password (``/ ? # @ : %``) may be written as it is; percent-encoded characters stay so.

    Args:
        address: Such as ``rtsp://admin@camera/stream`` or ``rtsp://admin:${PASSWORD}@camera/stream``.
        password_env: Variable that holds the password.
        password_file: File whose first line is the password.
        environment: Where variables stand.

    Raises:
        SourceError: A variable that is not set, a file that cannot be read, or a password without a user; the message
            holds neither.
    """
    scheme, credentials, rest = _split(address)
    credentials = _VARIABLE.sub(lambda match: quote(_value(match[1], address, environment), safe=""), credentials)
    rest = _VARIABLE.sub(lambda match: _value(match[1], address, environment), rest)
    password = _password(address, password_env, password_file, environment)
    if password is not None:
        user, _, written = credentials.partition(":")
        if not user or written:
            wanted = "one password, got one in the address too" if written else "a user name in the address"
            raise SourceError(f"{display_name(address)}: wanted {wanted}; write it as rtsp://USER@HOST/PATH.")
        credentials = f"{user}:{quote(password, safe='')}"
    return f"{scheme}{credentials}@{rest}" if credentials else f"{scheme}{rest}"


def secret_line(file: Path, *, holds: str) -> str:
    """Return the first line of a file.

    Args:
        file: of text.
        holds: what it holds, for messages.

    Raises:
        SourceError: it cannot be read, or its first line is empty; the message begins with the file.
    """
    try:
        with file.open(encoding="utf-8") as opened:
            line = opened.readline(_LONGEST_SECRET).rstrip("\r\n")
    except (OSError, ValueError) as error:
        words = (getattr(error, "strerror", None) or "it is no text").lower()
        raise SourceError(f"{file} cannot be read ({words}).") from None
    if not line:
        raise SourceError(f"{file} is empty; its first line is the {holds}.")
    return line


def split_credentials(address: str) -> tuple[str, str | None, str]:
    """Take user and password out of an address.

    Returns:
        The user, empty without one; the password, ``None`` without one; the address without both.
    """
    scheme, credentials, rest = _split(address)
    user, colon, password = credentials.partition(":")
    return unquote(user), unquote(password) if colon else None, scheme + rest


def with_credentials(address: str, user: str, password: str | None = None) -> str:
    """Put a user, and a password, into an address that has none."""
    scheme, _, rest = _split(address)
    secret = "" if password is None else f":{quote(password, safe='')}"
    return f"{scheme}{quote(user, safe='')}{secret}@{rest}" if user else address


def with_credentials_of(address: str, other: str) -> str:
    """Put the user, and the password, of another address into one that has none; variables stay as they are."""
    scheme, _, rest = _split(address)
    credentials = _split(other)[1]
    return f"{scheme}{credentials}@{rest}" if credentials else address


def _split(address: str) -> tuple[str, str, str]:
    """Scheme, percent-encoded user and password, and the rest."""
    parts = _PARTS.match(address)
    if parts is None:
        return "", "", address
    scheme, authority, path = parts.groups()
    before, at, host = authority.rpartition("@")
    if "@" in path and not _VARIABLE.search(authority) and (path[:1] == "#" or not _HOST.match(host)):
        before, at, host = (authority + path).rpartition("@")  # the password holds / ? or #
        path = ""
        logger.info("{}: the password holds / ? or #; it is sent percent-encoded", display_name(address))
    if not at:
        return scheme, "", authority + path
    user, colon, password = before.partition(":")
    encoded = f"{_quoted(user)}{colon}{_quoted(password)}"
    return scheme, encoded, host + path


def _quoted(text: str) -> str:
    """Percent-encode what is not; a percent sign that begins no such code, too. Variables stay as they are."""
    pieces = re.split(r"(%[0-9A-Fa-f]{2}|\$\{[A-Za-z_][A-Za-z0-9_]*\})", text)
    return "".join(piece if number % 2 else quote(piece, safe="") for number, piece in enumerate(pieces))


def _value(name: str, address: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name)
    if value is None:
        raise SourceError(
            f"{display_name(address)}: the environment variable {name} is not set; set it, or correct it."
        )
    return value


def _password(address: str, variable: str | None, file: Path | None, environment: Mapping[str, str]) -> str | None:
    if variable is not None:
        return _value(variable, address, environment)
    if file is None:
        return None
    try:
        return secret_line(file, holds="password")
    except SourceError as error:
        raise SourceError(f"{display_name(address)}: the password file {error}") from None
