"""Damage files as disks, transfers, editors and attackers do; the same random numbers give the same damage."""

from __future__ import annotations

import json
import random
import re
import zlib
from copy import deepcopy
from typing import Any

_LARGEST = 1 << 18
"""Bytes; a longer file is cut, so that no item costs more by its length alone."""
_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_PNG = b"\x89PNG\r\n\x1a\n"

TOKENS = (
    *(
        "",
        "0",
        "-1",
        "1e999",
        "-.inf",
        ".nan",
        "NaN",
        "9" * 40,
        "0x7fffffffffffffff",
        "1_000",
        "12:30:45",
        "2001-01-01",
    ),
    *("null", "~", "true", "yes", "[]", "{}", "[[[[[[[[]]]]]]]]", "{a: {b: {c: {d: e}}}}", '""', "'", '"', "\\", "\0"),
    *(
        "*a",
        "&a b",
        "<<: *a",
        "!!python/object:os.system x",
        "!!binary AAAA",
        "!x y",
        "? [a]\n: b",
        "|",
        ">-",
        "%TAG ! x",
    ),
    *(
        "---",
        "...",
        "#",
        ":",
        "- ",
        "\t",
        "\r\n",
        "\u2028",
        "\ufeff",
        "é",
        "\U0001f600",
        "a" * 5000,
        "[" * 600,
        "- " * 300,
    ),
    *("../../x", "/dev/zero", "~root", "$HOME", "rtsp://u:p@h/x", "file:///etc/passwd", "C:\\x", "a/b\\c"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1e308, 5e-324, float("nan"), float("inf"), -0.0),
    *("", "x", "0", "\ud800", "\0", "a" * 5000, "../../x", [], {}, [[]], [None], {"": None}),
)
_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")
_WORDS = re.compile(r"[^\s:,\[\]{}]+")


def damaged(draw: random.Random, data: bytes, other: bytes = b"") -> bytes:
    """Apply one to eight changes to bytes, half of them near the beginning, where headers are.

    Args:
        draw: random numbers.
        data: the file.
        other: another file, of which parts are taken.
    """
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 5, 8))):
        _change(draw, out, other or data or b"\0")
    return bytes(out[:_LARGEST])


def _change(draw: random.Random, out: bytearray, other: bytes) -> None:
    size = len(out)
    if not size:
        out += draw.randbytes(draw.randint(1, 64))
        return
    at = draw.randrange(min(size, 512)) if draw.random() < 0.5 else draw.randrange(size)
    length = min(draw.choice((1, 2, 4, 16, 64, 512, 4096)), size - at)
    match draw.randrange(10):
        case 0:
            out[at] ^= 1 << draw.randrange(8)
        case 1:
            out[at] = draw.choice(_BYTES)
        case 2 | 3:
            width = draw.choice((2, 4, 8))
            out[at : at + width] = (draw.choice(_NUMBERS) % 256**width).to_bytes(width, draw.choice(("big", "little")))
        case 4:
            del out[at : at + length]
        case 5:
            out[at:at] = out[at : at + length] * draw.choice((1, 2, 20))
        case 6:
            out[at : at + length] = draw.randbytes(length)
        case 7:
            out[at : at + length] = bytes(length)
        case 8:
            begin = draw.randrange(len(other))
            out[at : at + length] = other[begin : begin + length]
        case _:
            del out[at:]


def damaged_picture(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """Damage a picture; the checksums of most PNGs are made right again, as a hostile sender would."""
    out = damaged(draw, data, other)
    return _with_checksums(out) if out.startswith(_PNG) and draw.random() < 0.8 else out


def _with_checksums(data: bytes) -> bytes:
    out, at = bytearray(_PNG), len(_PNG)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        if at + 12 + size > len(data):
            break
        out += data[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + size
    return bytes(out + data[at:])


def damaged_text(draw: random.Random, data: bytes) -> bytes:
    """Change words, numbers and lines of a text; one in four times also its bytes."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(draw.choice((1, 1, 2, 3, 6))):
        text = _edited(draw, text)[:_LARGEST]
    out = text.encode("utf-8", "surrogatepass" if "\ud800" in text else "surrogateescape")
    return damaged(draw, out) if draw.random() < 0.25 else out


def _edited(draw: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            return _replaced(draw, text, _DIGITS)
        case 1:
            return _replaced(draw, text, _WORDS)
        case 2:
            lines.insert(at, lines[draw.randrange(len(lines))])
        case 3:
            lines[at] = draw.choice(("  ", "\t", "- ", "")) + lines[at].lstrip()
        case 4:
            del lines[at : at + draw.choice((1, 1, 5))]
        case _:
            lines.insert(at, draw.choice(TOKENS))
    return "\n".join(lines)


def _replaced(draw: random.Random, text: str, what: re.Pattern[str]) -> str:
    found = list(what.finditer(text))
    if not found:
        return text + draw.choice(TOKENS)
    one = draw.choice(found)
    return text[: one.start()] + draw.choice(TOKENS) + text[one.end() :]


def damaged_json(draw: random.Random, data: bytes) -> bytes:
    """Replace, remove or add values anywhere in a JSON document; one in three times damage its text instead."""
    if draw.random() < 1 / 3:
        return damaged_text(draw, data)
    values = json.loads(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        _change_node(draw, values)
    return json.dumps(values).encode()


def _change_node(draw: random.Random, values: Any) -> None:
    node = values
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or draw.random() < 0.2:
            break
        node = node[key]
    match draw.randrange(4):
        case 0 | 1:
            node[key] = deepcopy(draw.choice(VALUES))
        case 2:
            del node[key]
        case _ if isinstance(node, dict):
            node[draw.choice(("", "x", str(key).upper()))] = deepcopy(node[key])
        case _:
            node.append(deepcopy(draw.choice(VALUES)))
