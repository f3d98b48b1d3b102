"""Index an archive: recognise what is new or changed, and write it to the history, a video at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from recognizer.app import build
from recognizer.app.archive.find import ArchiveFile, find_videos, is_gone, state_of
from recognizer.app.archive.local_pool import index_here
from recognizer.app.archive.recognise import IndexedFile, Plan
from recognizer.app.config import Settings
from recognizer.app.history import decision_facts, open_or_create
from recognizer.capture.bursts import Bursts
from recognizer.errors import ConfigError
from recognizer.history.archive import StoredFile, remove_files, save_file, stored_files, touch_file
from recognizer.history.database import Database
from recognizer.memory import processes_that_fit
from recognizer.models.resolve import ResolvedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """How an archive is indexed."""

    bursts: Bursts | None = field(default_factory=Bursts)
    """What is decoded; ``None``: every picture."""
    processes: int | None = None
    """Of this machine; ``None``: one a core, as many as memory has room for."""
    scheduler: str | None = None
    """Of a Dask cluster, which does the work instead."""
    again: bool = False
    """Recognise also what has not changed, as after people were enrolled."""
    forget: bool = False
    """Delete what the history holds of videos that are gone."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video that stands in the history now."""

    source: str
    """What the history calls it."""
    seconds: float
    """Its length."""
    frames: int
    """Pictures that were recognised."""
    tracks: int
    people: list[str]
    """Who was recognised."""
    cpu_s: float
    """Processor time that it took."""
    fault: str | None
    """What could not be read of it."""


@dataclass(slots=True)
class IndexReport:
    """What came of an archive."""

    indexed: list[Video] = field(default_factory=list)
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)
    """In words, each with its file or folder."""
    gone: list[str] = field(default_factory=list)
    """Paths of videos that the history holds, and that are not there any more."""
    forgotten_tracks: int = 0
    wall_s: float = 0.0

    @property
    def seconds(self) -> float:
        """Video that was indexed, s."""
        return sum(each.seconds for each in self.indexed)

    @property
    def cpu_s(self) -> float:
        """Processor time of recognition."""
        return sum(each.cpu_s for each in self.indexed)


def index_archive(
    settings: Settings,
    resolved: ResolvedModel,
    places: Sequence[Path],
    options: IndexOptions,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> IndexReport:
    """Index the videos of some folders and files.

    Whatever interrupts it, each video stands in the history whole or not at all, and the next call goes on.

    Args:
        settings: of recognition and of the history.
        resolved: the embedding model.
        places: folders and files.
        options: see there.
        on_progress: called with how many videos are done, of how many.

    Raises:
        ConfigError: if Dask is wanted and not installed.
        GalleryError: if nobody is enrolled.
        HistoryError: if the history cannot be read or written.
        UsageError: if a place or the scheduler is not there.
    """
    began, report = time.monotonic(), IndexReport()
    files = find_videos(places, on_unreadable=report.failed.append)
    plan = make_plan(settings, resolved, options.bursts)
    with closing(open_or_create(settings)) as history:
        known = stored_files(history)
        todo = [file for file in files if not _stays(history, file, known, resolved, again=options.again)]
        report.unchanged = len(files) - len(todo)
        on_progress(0, len(todo))
        for number, found in enumerate(_results(plan, todo, options), start=1):
            if found.failed is None:
                _save(history, plan, found)
                report.indexed.append(_described(found))
            else:
                report.failed.append(found.failed)
            on_progress(number, len(todo))
        report.gone = _gone(known, places, files)
        if options.forget:
            report.forgotten_tracks = remove_files(history, report.gone)
    report.wall_s = time.monotonic() - began
    return report


def make_plan(settings: Settings, resolved: ResolvedModel, bursts: Bursts | None) -> Plan:
    """Say how videos are recognised, by who is enrolled now.

    Raises:
        GalleryError: if nobody is enrolled.
    """
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    thresholds = build.thresholds(settings, resolved, enrolled=len(enrolled))
    return Plan(settings, resolved, decision_facts(settings, enrolled, thresholds), bursts)


def _results(plan: Plan, files: Sequence[ArchiveFile], options: IndexOptions) -> Iterator[IndexedFile]:
    if not files:
        return iter(())
    if options.scheduler is None:
        processes = options.processes or processes_that_fit(len(files))
        return index_here(plan, files, processes=min(processes, len(files)))
    try:
        from recognizer.app.archive.dask_pool import index_there
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"--scheduler needs a package that is not installed: pip install -r requirements-archive.txt ({error.name})"
        ) from error
    return index_there(plan, files, scheduler=options.scheduler)


def _stays(
    history: Database, file: ArchiveFile, known: dict[str, StoredFile], resolved: ResolvedModel, *, again: bool
) -> bool:
    """Whether the history holds the file as it is, and nothing newer is wanted of it; a mere change of time is noted.

    What a person said of a video's tracks would be lost with them, so that a video that did not change stays then.
    """
    stored = known.get(str(file.path))
    if stored is None or (not stored.corrected and (again or stored.model != resolved.fingerprint)):
        return False
    try:
        found = file.path.stat()
        if (found.st_size, found.st_mtime_ns // 1000) == (stored.state.size, stored.state.changed_us):
            return True
        state = state_of(file.path)
    except OSError:
        return False  # its fault is reported when it is tried
    if (state.size, state.digest) != (stored.state.size, stored.state.digest):
        return False
    touch_file(history, state)
    return True


def _save(history: Database, plan: Plan, found: IndexedFile) -> None:
    if found.state is None or found.began is None:
        raise ValueError(f"{found.file.name}: a result without a state.")
    save_file(
        history,
        found.state,
        found.records,
        began=found.began,
        seconds=found.seconds,
        fault=found.fault,
        model=plan.resolved.fingerprint,
        facts=plan.facts,
    )


def _gone(known: dict[str, StoredFile], places: Sequence[Path], files: Sequence[ArchiveFile]) -> list[str]:
    """Return stored videos that are gone from folders in which there are videos: an empty one is not mounted."""
    roots = [Path(os.path.abspath(place)) for place in places]
    there = [root for root in roots if any(file.path.is_relative_to(root) for file in files)]
    return sorted(path for path in known if is_gone(path) and any(Path(path).is_relative_to(root) for root in there))


def _described(found: IndexedFile) -> Video:
    return Video(
        source=found.file.name,
        seconds=round(found.seconds, 2),
        frames=found.frames,
        tracks=len(found.records),
        people=sorted({record.person for record in found.records if record.person is not None}),
        cpu_s=round(found.cpu_s, 2),
        fault=found.fault,
    )
