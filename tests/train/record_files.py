"""InsightFace's record files, written byte by byte from the description of the format."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2

from tests.train import factories

MAGIC = (0xCED7230A).to_bytes(4, "little")


def record(content: bytes) -> bytes:
    """One record, cut wherever the magic number stands in its content at a multiple of four bytes."""
    pieces, start = [], 0
    for place in range(0, len(content) - 3, 4):
        if content[place : place + 4] == MAGIC:
            pieces.append(content[start:place])
            start = place + 4
    pieces.append(content[start:])
    out = b""
    for number, piece in enumerate(pieces):
        first, last = number == 0, number == len(pieces) - 1
        flag = {(True, True): 0, (True, False): 1, (False, False): 2, (False, True): 3}[first, last]
        out += MAGIC + (flag << 29 | len(piece)).to_bytes(4, "little") + piece + bytes(-len(piece) % 4)
    return out


def content(labels: list[float], picture: bytes, *, number: int) -> bytes:
    head = struct.pack("<If", len(labels) if len(labels) > 1 else 0, labels[0] if len(labels) == 1 else 0.0)
    head += struct.pack("<QQ", number, 0)
    if len(labels) > 1:
        head += b"".join(struct.pack("<f", label) for label in labels)
    return head + picture


def encoded(seed: int) -> bytes:
    _, code = cv2.imencode(".png", factories.pictures(1, seed=seed)[0])
    return code.tobytes()


def write(folder: Path, contents: list[bytes], *, index: bool = True) -> Path:
    path, places, out = folder / "train.rec", [], b""
    for each in contents:
        places.append(len(out))
        out += record(each)
    path.write_bytes(out)
    if index:
        path.with_suffix(".idx").write_text("".join(f"{n}\t{place}\n" for n, place in enumerate(places)))
    return path


PEOPLE = [3.0, 3.0, 8.0, 8.0, 8.0, 9.0]


def a_set(folder: Path, *, index: bool = True, damaged: int | None = None) -> Path:
    """Six pictures of three people, as InsightFace packs them: bounds first, the people's own records last."""
    pictures = [b"\xff\xd8 broken" if n == damaged else encoded(n) for n in range(6)]
    records = [content([7.0, 10.0], b"", number=0)]
    records += [
        content([person] if n % 2 else [person, 1.0], picture, number=n + 1)
        for n, (person, picture) in enumerate(zip(PEOPLE, pictures, strict=True))
    ]
    records += [content([1.0, 3.0], b"", number=n) for n in (7, 8, 9)]
    return write(folder, records, index=index)
