"""What indexing a recording in bursts costs and finds, against recognition of every frame.

All ways take turns in one process, whose models are loaded before. Presence is counted in half-seconds in which
somebody is named. *Joined* also counts the time between two tracks of a person that are at most ``JOINED`` intervals
apart, as `history sightings` does; *beyond* is what is claimed so, and is not there when every frame is recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.app import build
from recognizer.app.archive.find import ArchiveFile
from recognizer.app.archive.index import make_plan
from recognizer.app.archive.recognise import IndexedFile, index_file
from recognizer.app.config import Settings
from recognizer.bench import embedding, peer_detection
from recognizer.bench.peer_video import recognise_each
from recognizer.bench.peers import FacenetPyTorch
from recognizer.bench.timing import Ratio, Spent, Spread, interleaved, ratio, rounded
from recognizer.capture.bursts import Bursts
from recognizer.errors import SourceError
from recognizer.models.resolve import ResolvedModel
from recognizer.types import Frame

EVERY_FRAME = "every frame"
STEP_S = 0.5
JOINED = 2.0
PEER_FRAMES = 6

Presence = set[tuple[str, int]]
"""Who is there in which half-second."""


@dataclass(frozen=True, slots=True)
class WayFigures:
    """One way to read a recording."""

    name: str
    cpu_s: Spread
    share: Ratio | None
    """Cost divided by that of every frame; ``None`` for every frame itself."""
    frames: int
    """Pictures recognised."""
    people: tuple[str, ...]
    covered: float
    """Share of the presence of every frame."""
    joined: float
    beyond: float
    """Half-seconds that are claimed when joined, and are not there, divided by those of every frame."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "name": self.name,
            "cpu_s": self.cpu_s.as_dict(),
            "share": None if self.share is None else self.share.as_dict(),
            "frames": self.frames,
            "people": list(self.people),
            "covered": rounded(self.covered),
            "joined": rounded(self.joined),
            "beyond": rounded(self.beyond),
        }


@dataclass(frozen=True, slots=True)
class ArchiveFigures:
    """All ways on one recording."""

    seconds: float
    """Its length."""
    half_seconds: int
    """Presence when every frame is recognised."""
    ways: tuple[WayFigures, ...]
    peer_cpu_s: float | None
    """CPU time that facenet-pytorch and torch EdgeFace would take for all frames; ``None`` where they are missing."""

    def speed(self, cpu_s: float) -> float:
        """Return hours of video an hour and core."""
        return self.seconds / max(cpu_s, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "seconds": rounded(self.seconds),
            "half_seconds": self.half_seconds,
            "ways": [{**way.as_dict(), "speed": rounded(self.speed(way.cpu_s.median))} for way in self.ways],
            "peer_cpu_s": None if self.peer_cpu_s is None else rounded(self.peer_cpu_s),
        }


def compare(settings: Settings, resolved: ResolvedModel, intervals: Sequence[float], *, rounds: int) -> ArchiveFigures:
    """Index the clip in each way, in turns.

    Args:
        settings: the clip is their source.
        resolved: the model.
        intervals: from one burst to the next, s.
        rounds: how often each way is measured.

    Raises:
        SourceError: if the clip cannot be recognised.
    """
    path = Path(settings.source.location).absolute()
    file = ArchiveFile(path, path.name)
    bursts: dict[str, Bursts | None] = {EVERY_FRAME: None}
    bursts |= {f"--every {each:g}": Bursts(every_s=each) for each in intervals}
    found: dict[str, IndexedFile] = {}

    def work(name: str) -> Callable[[int], object]:
        plan = make_plan(settings, resolved, bursts[name])

        def index(_: int) -> None:
            found[name] = index_file(plan, file)
            if (failed := found[name].failed) is not None:
                raise SourceError(failed)

        return index

    spent = interleaved({name: work(name) for name in bursts}, rounds=rounds)
    whole = presence(found[EVERY_FRAME], joined_s=0.0)
    ways = [_way(name, spent, found[name], whole, every) for name, every in bursts.items()]
    return ArchiveFigures(found[EVERY_FRAME].seconds, len(whole), tuple(ways), None)


def peer_cpu_s(settings: Settings, resolved: ResolvedModel, mtcnn: FacenetPyTorch, *, frames: int) -> float | None:
    """Return what the per-frame peer takes for so many frames, without decoding, from some of them, evenly spread.

    Args:
        settings: the clip is their source.
        resolved: the model.
        mtcnn: facenet-pytorch's.
        frames: of the clip.
    """
    eager = embedding.embedder_on(embedding.PROTOTYPE, settings, resolved)
    if eager is None:
        return None
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    known = build.thresholds(settings, resolved, enrolled=len(enrolled)).known
    recognise = recognise_each(mtcnn, eager, build.index_of(enrolled), known)
    images = peer_detection.spread_frames(settings, PEER_FRAMES)
    shown = [Frame(image, number, 0.0, "peer") for number, image in enumerate(images)]
    spent = interleaved({"peer": lambda number: recognise(shown[number])}, rounds=len(shown))["peer"]
    return sum(each.cpu_s for each in spent) / len(spent) * frames


def presence(found: IndexedFile, *, joined_s: float) -> Presence:
    """Return who is there when.

    Args:
        found: what came of a recording.
        joined_s: a person whose tracks are at most so far apart is there in between.
    """
    tracks: dict[str, list[tuple[float, float]]] = {}
    for record in found.records:
        if record.person is not None:
            length_s = (record.ended - record.began).total_seconds()
            tracks.setdefault(record.person, []).append((record.at_s, record.at_s + length_s))
    seen: Presence = set()
    for person, spans in tracks.items():
        end_s = -1e9
        for begin, end in sorted(spans):
            first = end_s if begin - end_s <= joined_s else begin
            seen |= {(person, number) for number in range(int(first / STEP_S), int(end / STEP_S) + 1)}
            end_s = max(end_s, end)
    return seen


def _way(
    name: str, spent: Mapping[str, list[Spent]], found: IndexedFile, whole: Presence, bursts: Bursts | None
) -> WayFigures:
    own = presence(found, joined_s=0.0)
    joined = own if bursts is None else presence(found, joined_s=JOINED * bursts.every_s)
    return WayFigures(
        name=name,
        cpu_s=Spread.of([each.cpu_s for each in spent[name]]),
        share=None if name == EVERY_FRAME else ratio(spent[name], spent[EVERY_FRAME]),
        frames=found.frames,
        people=tuple(sorted({person for person, _ in own})),
        covered=len(own & whole) / max(len(whole), 1),
        joined=len(joined & whole) / max(len(whole), 1),
        beyond=len(joined - whole) / max(len(whole), 1),
    )
