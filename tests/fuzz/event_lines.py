"""The event log: damaged files that it goes on with, and events with any names and numbers that a user can cause."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Any

from recognizer.emit.log import EventLog
from recognizer.emit.rotation import Rotation
from recognizer.types import Event, EventKind, SourceChange, SourceState
from tests.fuzz.mutate import TOKENS, damaged
from tests.results import make_result

_LINE = (
    b'{"time": "2026-01-01T00:00:00.000+00:00", "at_s": 1.0, "source": "door", "kind": "appeared", "track_id": 3, '
    b'"name": null, "similarity": 0.1, "margin": 0.05, "reasons": ["a face"], "box": [1.0, 2.0, 3.0, 4.0]}\n'
)


def logs() -> list[bytes]:
    """Logs of earlier runs."""
    return [_LINE, _LINE * 20, _LINE[:-40], b""]


def damaged_log(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """Damage a log; words that break formats are put into it."""
    token = draw.choice(TOKENS).encode("utf-8", "surrogatepass")
    return damaged(draw, data + token + draw.randbytes(draw.choice((0, 8, 64))), other)


def write_events(data: bytes, folder: Path) -> str:
    """Go on with the damaged log, and write events made of its bytes; each must come back from its line."""
    path = folder / "events.jsonl"
    path.write_bytes(data)
    draw = random.Random(data)  # noqa: S311 - values, not secrets
    texts = [_text(draw, data) for _ in range(6)]
    numbers = [*struct.unpack("<10d", draw.randbytes(80))]
    events = [_event(kind, texts, numbers, draw) for kind in EventKind]
    rotation = Rotation(max_bytes=draw.choice((None, 1, 600)), max_age_s=None, keep=3)
    with EventLog(path, live=draw.random() < 0.5, append=True, rotation=rotation) as log:
        log.emit(make_result(events=tuple(events[:2]), source=texts[0]))
        log.on_source_state(SourceChange(texts[0], SourceState.LOST, 3.0, texts[5], "source_lost"))
        log.on_end(texts[0], tuple(events[2:]))
    if log.failed or log.lost:
        raise AssertionError(f"{log.lost} events lost: {log.failed}")
    written = b"".join(file.read_bytes() for file in sorted(folder.glob("events.jsonl*"), reverse=True))
    records = _own_lines(written, texts[0])
    if len(records) < len(events) + 1 and rotation.max_bytes is None:
        raise AssertionError(f"{len(events) + 1} records were written, {len(records)} are whole lines")
    for record in records:
        if record["kind"] != "source_lost" and record["name"] != texts[1]:
            raise AssertionError(f"name {texts[1]!r} came back as {record['name']!r}")
    return "written"


def _own_lines(written: bytes, source: str) -> list[dict[str, Any]]:
    """The records among the last five lines that are of this run."""
    out = []
    for line in written.split(b"\n")[:-1][-5:]:
        record = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
        if record["source"] == source:
            out.append(record)
    return out


def _no_constant(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def _text(draw: random.Random, data: bytes) -> str:
    at = draw.randrange(max(len(data), 1))
    part = data[at : at + draw.choice((1, 8, 60))]
    return part.decode("utf-8", "surrogateescape") + draw.choice(TOKENS)[:200]


def _event(kind: EventKind, texts: list[str], numbers: list[float], draw: random.Random) -> Event:
    box = (numbers[0], numbers[1], numbers[2], numbers[3])
    return Event(
        kind=kind,
        track_id=draw.choice((0, 1, 2**63)),
        name=texts[1],
        similarity=numbers[4],
        margin=numbers[5],
        at=draw.choice((0.0, 1.5, 1e9)),
        source=texts[0],
        box=box,
        reasons=tuple(texts[2:5]),
    )
