"""The history of a run's settings: the sink that writes it, and opening it for reading."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from loguru import logger

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.fleet.membership import is_box
from recognizer.clock import WallClock
from recognizer.counting import counted
from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.decide.photo import PhotoDecider
from recognizer.errors import HistoryAwayError
from recognizer.gallery.records import Enrolled
from recognizer.history import face_blocks, retention
from recognizer.history.collector import TrackCollector
from recognizer.history.database import Database
from recognizer.history.encryption import find_key
from recognizer.history.keyed import open_with_key
from recognizer.history.records import DecisionFacts
from recognizer.history.rejections import active_rejections
from recognizer.history.retention import Retention, purge
from recognizer.history.sink import HistorySink
from recognizer.history.size_limit import shrink
from recognizer.history.spans import tidy
from recognizer.history.writer import HistoryWriter
from recognizer.models.resolve import ResolvedModel
from recognizer.types.rejection import Rejection

_BLOCKS = 2
"""Blocks of faces that a run writes each time, some hundredths of a second each: 8,000 tracks an hour."""


def history_sink(
    settings: Settings,
    resolved: ResolvedModel,
    *,
    live: AbstractSet[str],
    stop: threading.Event,
    on_open: Callable[[], None] = lambda: None,
) -> HistorySink:
    """Make the sink that keeps the tracks of a run.

    While a database server is away, the tracks are kept; the run can begin without it.

    Args:
        settings: where the history is, and whether crops are kept.
        resolved: the embedding model.
        live: names of the live sources.
        stop: set when the run should stop.
        on_open: called on the writer's thread when the history was opened, also when it came back.

    Raises:
        HistoryError: if the history cannot be opened; later failures are logged and counted.
    """
    place, key = settings.history_place, find_key(settings.history.key_file)
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    known = build.thresholds(settings, resolved, enrolled=len(enrolled))
    facts = decision_facts(settings, enrolled, known)
    try:
        with closing(open_with_key(place, key, create=True)) as history:  # a wrong place fails before the run
            from recognizer.app.replay_warning import warn_before_run

            warn_before_run(settings, resolved, enrolled, facts, history)
    except HistoryAwayError as error:
        logger.warning("{} The run begins without it: tracks are kept, and written once it answers.", error)
    return HistorySink(
        TrackCollector(WallClock(live=live), crops=settings.history.crops, facts=facts),
        HistoryWriter(
            partial(open_with_key, place, key, create=True),
            model=resolved.fingerprint,
            thresholds=(known.known, known.margin),
            facts=facts,
            housekeeping=partial(_housekeeping, settings, resolved.fingerprint),
            on_open=on_open,
        ),
        stop=stop,
    )


def decision_facts(
    settings: Settings, enrolled: Enrolled, thresholds: Thresholds, *, revision: int = 0
) -> DecisionFacts:
    """Return what the decisions of a run depend on, from a change of the gallery or the thresholds on.

    Args:
        settings: of the run.
        enrolled: who may be recognised.
        thresholds: what a name needs.
        revision: the number that the pipeline gives to its results with these.
    """
    return DecisionFacts(
        thresholds=asdict(thresholds),
        min_samples=(PhotoDecider if build.only_photos(settings) else Decider).min_samples,
        gallery=gallery_revision(enrolled),
        revision=revision,
    )


def gallery_revision(enrolled: Enrolled) -> str:
    """Return a digest of who is enrolled with which vectors; 16 characters."""
    digest = hashlib.sha256("\0".join(enrolled.names).encode("utf-8", "surrogateescape"))
    digest.update(enrolled.vectors.tobytes())
    return digest.hexdigest()[:16]


def read_history(settings: Settings) -> Database:
    """Open the history for reading.

    Raises:
        HistoryError: if there is none, or it cannot be read.
    """
    return open_with_key(settings.history_place, find_key(settings.history.key_file), create=False)


def rejections_of(settings: Settings, model: str) -> list[Rejection]:
    """Return the rejections of a model's faces; none where there is no history yet.

    Raises:
        HistoryError: if the history cannot be read.
    """
    if not settings.has_history:
        return []
    with closing(read_history(settings)) as history:
        return active_rejections(history, model)


def open_or_create(settings: Settings) -> Database:
    """Open the history, a new one if there is none.

    Raises:
        HistoryError: if it cannot be opened.
    """
    return open_with_key(settings.history_place, find_key(settings.history.key_file), create=True)


def count_old(settings: Settings, history: Database) -> int:
    """Return how many tracks a run of these settings would delete, as they are too old."""
    return retention.count_old(history, _retention(settings), now=dt.datetime.now(dt.UTC))


def _retention(settings: Settings) -> Retention:
    kept = settings.history
    return Retention(known_days=kept.known_days, unknown_days=kept.unknown_days, crops_days=kept.crops_days)


def _housekeeping(settings: Settings, model: str, history: Database) -> None:
    _delete_old(settings, history)
    tidy(history, model)
    face_blocks.fill(history, model, most=_BLOCKS)


def _delete_old(settings: Settings, history: Database) -> None:
    if deleted := purge(history, _retention(settings), now=dt.datetime.now(dt.UTC)):
        logger.info("history: deleted {}", counted(deleted, "old track"))
    most_mb = settings.history.max_mb
    if most_mb is None and isinstance(settings.history_place, Path) and is_box(settings.fleet_folder):
        most_mb = settings.fleet.max_mb
    if most_mb is not None and (deleted := shrink(history, most_mb)):
        logger.warning("history: deleted {}, as it reached its most MB ({:g})", counted(deleted, "track"), most_mb)
