"""What a source is called in logs, events and pictures: its text without anything that could be a credential."""

from __future__ import annotations

import re
from urllib.parse import unquote

_LONGEST = 200

_AT = r"(?:@|%(?:25)*40)"
"""An at sign, plain or percent-encoded, also more than once."""

_URL = re.compile(rf"(?is)^([a-z][a-z0-9+.-]*://)(?:.*{_AT})?(.*)$")
_BARE = re.compile(rf"(?s)^(?![A-Za-z]:[\\/])[^/\\]*(?::|%(?:25)*3a).*{_AT}(.*)$", re.IGNORECASE)

_PARTS = re.compile(r"(?s)^([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)(.*)$")
_HOST = re.compile(r"^(?:[\w.-]+|\[[0-9A-Fa-f:.%]+\])(?::\d*)?$")

_PARAMETER = re.compile(
    r"(?is)(^|[?&;#/,_]|%(?:25)*(?:26|3b|3f|23))"  # what stands before a key: & ; ? # also percent-encoded
    r"([a-z0-9._%\[\]-]+?)"  # the key
    r"(=|%(?:25)*3d)"
    r"(?:(?<==).*?(?=[&;#?]|[_,/][a-z0-9.-]+=|$)|(?<!=)[^&]*)"  # the value; of an encoded key, all that is encoded
)
_SECRET_PARTS = ("pass", "pwd", "psw", "token", "secret", "auth", "key", "sig", "cred", "user", "usr", "login", "jwt")
_SECRET_WORDS = frozenset({"pw", "pin", "sid", "session", "sessionid", "bearer", "code", "p", "u", "otp", "account"})


def display_name(text: str) -> str:
    """Name a source without its credentials, for people to read.

    Everything up to the last at sign of an address goes, even when the address is not well formed: a password may
    hold ``@``, ``/``, ``?`` or ``#``, and losing part of a path is better than showing part of a password. Values of
    parameters that sound like a credential become ``***``, in the query and in the path as some recorders want it.

    Args:
        text: What the user passed as ``--source``: a path, a number or an address.

    Returns:
        One line of at most 200 characters, the same for the same text; ``display_name`` of it changes nothing.
    """
    line = "".join(character for character in text.strip() if character.isprintable())
    line = _mask_plain_parameters(line)
    if match := _URL.match(line):
        line = match[1] + match[2]
    elif match := _BARE.match(line):
        line = match[1]
    line = _PARAMETER.sub(_masked, line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


def _mask_plain_parameters(line: str) -> str:
    """Mask parameters where it is plain which part they stand in, for an at sign in a value ends no user name."""
    parts = _PARTS.match(line)
    if parts is None:
        return line
    scheme, authority, rest = parts.groups()
    if _HOST.match(authority):
        return f"{scheme}{authority}{_PARAMETER.sub(_masked, rest)}"
    if re.search(_AT, authority):
        path, mark, query = rest.partition("?")
        return f"{scheme}{authority}{path}{_PARAMETER.sub(_masked, mark + query)}"
    return line


def _masked(match: re.Match[str]) -> str:
    before, key, equals = match.groups()
    return f"{before}{key}{equals}***" if _sounds_secret(key) else match[0]


def _sounds_secret(key: str) -> bool:
    for _ in range(3):
        key = unquote(key)
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    return plain in _SECRET_WORDS or any(part in plain for part in _SECRET_PARTS)
