"""What the web process keeps of the history in memory: clusters of unknown people, and an index of faces."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import Depends
from loguru import logger
from starlette.requests import Request

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.decide.evidence import Thresholds
from recognizer.errors import GalleryError
from recognizer.history.clustering import Clustering
from recognizer.history.database import FILE_NAME, Database
from recognizer.history.face_index import FaceIndex
from recognizer.serve.dependencies import settings
from recognizer.serve.errors import ServiceError
from recognizer.serve.recogniser import Recogniser

WAIT_S = 4.0
"""How long a request waits for work on a large history, which goes on when it does not."""


def thresholds_of(loaded: Recogniser) -> Thresholds:
    """Return what a name needs; called in the recogniser's thread."""
    try:
        enrolled = len(build.enrolled_people(loaded.settings, loaded.model))
    except GalleryError:  # nobody yet
        enrolled = 1
    return build.thresholds(loaded.settings, loaded.resolved, enrolled=enrolled)


class HistoryMemory:
    """Keeps clusters and faces of one model; a thread of its own brings them up to date, one at a time.

    Args:
        current: says where the history is.
    """

    def __init__(self, current: Settings) -> None:
        self._settings = current
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        self._failed: dict[str, Exception] = {}
        self._kept: dict[str, tuple[Any, Any]] = {}

    def update_clusters(self, model: str, thresholds: Thresholds) -> bool:
        """Put new unknown tracks into clusters; whether it is done.

        Args:
            model: fingerprint.
            thresholds: what a name needs.

        Raises:
            HistoryError: if the history cannot be read or written.
        """
        least = thresholds.same_cluster
        clusters = self._get("clusters", (model, least), lambda: Clustering(model=model, threshold=least))
        return self._work("clusters", clusters.update)

    def index(self, model: str) -> FaceIndex:
        """Return the index of the faces that a model saw; each search brings it up to date.

        Raises:
            HistoryError: if the history cannot be read.
            ServiceError: 503 ``history_loading`` while it is read for the first time.
        """
        index: FaceIndex = self._get("faces", (model,), lambda: FaceIndex(model=model))
        if not index.is_loaded and not self._work("faces", index.update):
            raise ServiceError(
                503, "history_loading", "The faces of the history are being read.", headers={"retry-after": "5"}
            )
        return index

    def _get(self, name: str, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what is kept under a name, made anew where its key, or the history's file, is another one."""
        key = (*key, self._file())
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept[0] != key:
                kept = self._kept[name] = (key, make())
            return kept[1]

    def _file(self) -> object:
        place = self._settings.history_place
        return (place / FILE_NAME).stat().st_ino if isinstance(place, Path) else place

    def _work(self, name: str, update: Callable[[Database], object]) -> bool:
        """Do it in a thread, and wait for a while; whether it is done."""
        with self._lock:
            thread = self._threads.get(name)
            if thread is None or not thread.is_alive():
                self._failed.pop(name, None)
                thread = threading.Thread(target=self._run, args=(name, update), name=name, daemon=True)
                self._threads[name] = thread
                thread.start()
        thread.join(WAIT_S)
        if error := self._failed.get(name):
            raise error
        return not thread.is_alive()

    def _run(self, name: str, update: Callable[[Database], object]) -> None:
        try:
            with closing(read_history(self._settings)) as history:
                update(history)
        except Exception as error:
            logger.error("history: {} cannot be brought up to date: {}", name, error)
            self._failed[name] = error


_MAKING = threading.Lock()


def history_memory(request: Request) -> HistoryMemory:
    """Return the application's one."""
    state = request.app.state
    with _MAKING:
        if not hasattr(state, "history_memory"):
            state.history_memory = HistoryMemory(settings(request))
        return cast(HistoryMemory, state.history_memory)


HistoryMemoryDep = Annotated[HistoryMemory, Depends(history_memory)]
