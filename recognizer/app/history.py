"""The history of a run's settings: the sink that writes it, and opening it for reading."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import closing
from functools import partial
from pathlib import Path

from loguru import logger

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.clock import WallClock
from recognizer.errors import HistoryAwayError
from recognizer.history.collector import TrackCollector
from recognizer.history.database import FILE_NAME, Database
from recognizer.history.encryption import find_key
from recognizer.history.keyed import open_with_key
from recognizer.history.rejections import active_rejections
from recognizer.history.retention import Retention, purge
from recognizer.history.sink import HistorySink
from recognizer.history.size_limit import shrink
from recognizer.history.writer import HistoryWriter
from recognizer.models.resolve import ResolvedModel
from recognizer.types.rejection import Rejection


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
    try:
        open_with_key(place, key, create=True).close()  # a wrong place fails before the run
    except HistoryAwayError as error:
        logger.warning("{} The run begins without it: tracks are kept, and written once it answers.", error)
    known = build.thresholds(settings, resolved)
    return HistorySink(
        TrackCollector(WallClock(live=live), crops=settings.history.crops),
        HistoryWriter(
            partial(open_with_key, place, key, create=True),
            model=resolved.fingerprint,
            thresholds=(known.known, known.margin),
            housekeeping=partial(_delete_old, settings),
            on_open=on_open,
        ),
        stop=stop,
    )


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
    place = settings.history_place
    if isinstance(place, Path) and not (place / FILE_NAME).exists():
        return []
    with closing(read_history(settings)) as history:
        return active_rejections(history, model)


def _delete_old(settings: Settings, history: Database) -> None:
    kept = settings.history
    retention = Retention(known_days=kept.known_days, unknown_days=kept.unknown_days, crops_days=kept.crops_days)
    if deleted := purge(history, retention, now=dt.datetime.now(dt.UTC)):
        logger.info("history: {} old tracks were deleted", deleted)
    if kept.max_mb is not None and (deleted := shrink(history, kept.max_mb)):
        logger.warning("history: {} tracks were deleted, as it reached history.max_mb ({:g})", deleted, kept.max_mb)
