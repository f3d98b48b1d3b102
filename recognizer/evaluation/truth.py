"""Read and write truth files: YAML that says who can be seen in a clip, when and where.

    clip: friends_720p.mp4          # for the reader
    length_s: 26.4
    faces:
      - {who: Rachel, from_s: 0.0, to_s: 4.3, box: [290, 60, 540, 300]}
      - {who: stranger, from_s: 2.0, to_s: 9.5}
      - {who: Joey, from_s: 11.3, to_s: 16.7, counts: false}   # turned away: need not be named, but not wrongly either

One entry for each appearance of a face. ``who`` is the name in the gallery, or any other word for somebody who is not
enrolled. ``box`` (x1, y1, x2, y2 px, generous, one for the whole entry) tells people of one frame apart; without it a
name is correct anywhere in the frame. ``counts: false``: not part of coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer import strict_yaml
from recognizer.errors import InputError

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Appearance:
    """A face in view for some time."""

    who: str
    from_s: float
    to_s: float
    box: Box | None = None
    """x1, y1, x2, y2 px; the centre of the face stays inside."""
    counts: bool = True
    """Whether it must be named."""


@dataclass(frozen=True, slots=True)
class Truth:
    """All appearances in a clip."""

    clip: str
    length_s: float
    faces: tuple[Appearance, ...]


_KEYS = {"who", "from_s", "to_s", "box", "counts"}


def read_truth(path: Path) -> Truth:
    """Read a truth file.

    Raises:
        InputError: if it cannot be read, or an entry is not as described above.
    """
    values = strict_yaml.read(path, kind="truth file", error=InputError)
    if not isinstance(values, dict) or not isinstance(values.get("faces"), list):
        raise InputError(f"{path}: wanted 'faces:', a list of entries with who, from_s and to_s.")
    faces = tuple(_appearance(entry, f"{path}, entry {number}") for number, entry in enumerate(values["faces"], 1))
    length = values.get("length_s", max((face.to_s for face in faces), default=0.0))
    if not isinstance(length, (int, float)) or length <= 0:
        raise InputError(f"{path}: wanted length_s, seconds above 0.")
    return Truth(str(values.get("clip", path.stem)), float(length), faces)


def _appearance(entry: Any, where: str) -> Appearance:
    if not isinstance(entry, dict) or not {"who", "from_s", "to_s"} <= entry.keys() <= _KEYS:
        raise InputError(f"{where}: wanted who, from_s, to_s, and perhaps box and counts.")
    begins, ends, box, counts = entry["from_s"], entry["to_s"], entry.get("box"), entry.get("counts", True)
    if not all(isinstance(time, (int, float)) for time in (begins, ends)) or not 0 <= begins < ends:
        raise InputError(f"{where}: wanted from_s before to_s, seconds from 0 up.")
    if not isinstance(counts, bool):
        raise InputError(f"{where}: wanted counts true or false.")
    if box is not None:
        fits = isinstance(box, list) and len(box) == 4 and all(isinstance(side, (int, float)) for side in box)
        if not fits or box[0] >= box[2] or box[1] >= box[3]:
            raise InputError(f"{where}: wanted box [x1, y1, x2, y2] in px.")
        box = tuple(float(side) for side in box)
    return Appearance(str(entry["who"]), float(begins), float(ends), box, counts)


def write_truth(path: Path, truth: Truth, *, comment: str) -> None:
    """Write a truth file for a person to correct, one line an entry."""
    lines = [f"# {line}" for line in comment.splitlines()]
    head = {"clip": truth.clip, "length_s": round(truth.length_s, 3)}
    lines += strict_yaml.dumps(head).splitlines()
    lines.append("faces:" if truth.faces else "faces: []")
    for face in truth.faces:
        entry: dict[str, Any] = {"who": face.who, "from_s": round(face.from_s, 2), "to_s": round(face.to_s, 2)}
        if face.box is not None:
            entry["box"] = [round(side) for side in face.box]
        if not face.counts:
            entry["counts"] = False
        lines.append(f"  - {strict_yaml.dumps(entry, flow=True).strip()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
