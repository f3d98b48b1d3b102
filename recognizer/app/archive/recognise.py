"""Recognise one video of an archive; done in processes of this machine, or of others."""

from __future__ import annotations

import datetime as dt
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import av
import cv2

from recognizer.app import build
from recognizer.app.archive.find import ArchiveFile, state_of
from recognizer.app.config import Settings
from recognizer.capture.bursts import BurstFile, Bursts
from recognizer.capture.video import VideoFile
from recognizer.clock import WallClock
from recognizer.errors import RecognizerError
from recognizer.history.archive import FileState
from recognizer.history.collector import TrackCollector
from recognizer.history.records import DecisionFacts, TrackRecord
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Plan:
    """How videos are recognised; the same everywhere."""

    settings: Settings
    resolved: ResolvedModel
    facts: DecisionFacts
    bursts: Bursts | None
    """What is decoded; ``None``: every picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedFile:
    """What came of a video."""

    file: ArchiveFile
    state: FileState | None = None
    records: tuple[TrackRecord, ...] = ()
    began: dt.datetime | None = None
    """Time of day of its first picture."""
    seconds: float = 0.0
    """Its length."""
    frames: int = 0
    """Pictures that were recognised."""
    cpu_s: float = 0.0
    """Processor time that it took."""
    fault: str | None = None
    """What could not be read of it."""
    failed: str | None = None
    """Why nothing came of it; it is tried again the next time."""


def index_file(plan: Plan, file: ArchiveFile) -> IndexedFile:
    """Recognise a video from its beginning to its end; faults of the video are in the result."""
    cv2.setNumThreads(1)
    cpu_s = time.process_time()
    try:
        state = state_of(file.path)
        pipeline = _pipeline(plan)
        began = recorded_at(file.path)
        collector = TrackCollector(
            WallClock(live=False, clock=lambda: began), crops=plan.settings.history.crops, facts=plan.facts
        )
        with _opened(plan, file) as source:
            records, frames, reached_s = _recognise(source, pipeline, collector)
        return IndexedFile(
            file=file,
            state=state,
            records=tuple(records),
            began=began,
            seconds=source.duration_s or reached_s,
            frames=frames,
            cpu_s=time.process_time() - cpu_s,
            fault=source.shortfall,
        )
    except OSError as error:
        return IndexedFile(file=file, failed=f"{file.name}: it cannot be read ({(error.strerror or 'error').lower()})")
    except RecognizerError as error:
        return IndexedFile(file=file, failed=str(error))


def recorded_at(path: Path) -> dt.datetime:
    """Return when a recording began: as it says, or else when it was changed last, less its length."""
    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as container:
            length_s = (container.duration or 0) / av.time_base
            said = container.metadata.get("creation_time", "")
    except (av.error.FFmpegError, UnicodeError, ValueError):
        length_s, said = 0.0, ""
    try:
        moment = dt.datetime.fromisoformat(said)
        if moment.year > 1970:  # cameras without a clock say 1970, MP4 files without a time 1904
            return moment.astimezone()
    except ValueError:
        pass
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).astimezone() - dt.timedelta(seconds=length_s)


def _opened(plan: Plan, file: ArchiveFile) -> VideoFile:
    if plan.bursts is None:
        return VideoFile(file.path, name=file.name)
    return BurstFile(file.path, plan.bursts, name=file.name)


def _recognise(
    source: VideoFile, pipeline: Pipeline, collector: TrackCollector
) -> tuple[list[TrackRecord], int, float]:
    records: dict[int, TrackRecord] = {}
    frame, frames = None, 0
    try:
        for frame in source:
            result = pipeline.step(frame)
            records.update((record.number, record) for record in collector.add(result))
            if isinstance(source, BurstFile) and len(result.tracks):
                source.extend()
            frames += 1
    finally:
        if frame is not None:
            records.update((record.number, record) for record in collector.end(source.name, pipeline.end(frame)))
    return [records[number] for number in sorted(records)], frames, 0.0 if frame is None else frame.captured_at


_made: list[tuple[bytes, Pipeline]] = []
"""What this process recognised by last, and its pipeline: models are loaded once."""


def _pipeline(plan: Plan) -> Pipeline:
    key = pickle.dumps((plan.settings, plan.resolved, plan.facts))
    if not _made or _made[0][0] != key:
        _made[:] = [(key, build.video_pipeline(plan.settings, plan.resolved))]
    return _made[0][1]
