"""The service's own inference: one thread behind a short queue, so that it never takes more than one core."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from loguru import logger

from recognizer.errors import RecognizerError
from recognizer.serve.errors import ServiceError
from recognizer.serve.limits import QUEUE

Model = TypeVar("Model")
Result = TypeVar("Result")

SHARE = QUEUE // 2
"""Places in the queue that one client may hold."""
_LOAD_WAIT_S = 5.0
"""How long a request waits for the model to be loaded before it gets 503 with retry-after."""


class Inference(Generic[Model]):
    """Runs functions of the loaded recogniser one after the other.

    Args:
        load: makes the recogniser; called in the thread, by ``start`` or the first ``run``.
        load_wait_s: how long a request waits for that.
    """

    def __init__(self, load: Callable[[], Model], *, load_wait_s: float = _LOAD_WAIT_S) -> None:
        self._load = load
        self._load_wait_s = load_wait_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._lock = threading.Lock()
        self._loading: Future[Model] | None = None
        self._held: Counter[str] = Counter()

    @property
    def is_ready(self) -> bool:
        """Whether the recogniser is loaded."""
        loading = self._loading
        return loading is not None and loading.done() and loading.exception() is None

    @property
    def loaded(self) -> Model | None:
        """The recogniser; ``None`` until it is loaded."""
        loading = self._loading
        return loading.result() if loading is not None and self.is_ready else None

    @property
    def waiting(self) -> int:
        """Inferences that wait or run."""
        return self._held.total()

    def start(self) -> Future[Model]:
        """Begin to load the recogniser, or return its loading; one that failed is tried again."""
        with self._lock:
            if self._loading is None or (self._loading.done() and self._loading.exception() is not None):
                self._loading = self._thread.submit(self._load)
                self._loading.add_done_callback(_log_failure)
            return self._loading

    async def run(self, work: Callable[[Model], Result], *, client: str = "") -> Result:
        """Run a function of the recogniser in the thread.

        Args:
            work: called with the recogniser.
            client: who counts as one client, ``Principal.key``.

        Raises:
            ServiceError: 503 ``busy`` or ``model_loading``; 429 where one client holds half of the queue.
            RecognizerError: as ``work`` raises it, or why the model cannot be loaded.
        """
        if self._held.total() >= QUEUE:
            raise ServiceError(503, "busy", f"{QUEUE} inferences wait already.", headers={"retry-after": "1"})
        if self._held[client] >= SHARE:
            raise ServiceError(
                429, "too_many_requests", f"At most {SHARE} requests at a time.", headers={"retry-after": "1"}
            )
        self._held[client] += 1
        try:
            model = await self._wait_loaded()
            return await asyncio.wrap_future(self._thread.submit(work, model))
        finally:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]

    def call(self, work: Callable[[Model], Result]) -> Result:
        """Run a function of the recogniser in the thread, for a job: it waits in line, however long.

        Raises:
            RecognizerError: as ``work`` raises it, or why the model cannot be loaded.
        """
        model = self.start().result()
        return self._thread.submit(work, model).result()

    def close(self) -> None:
        """Drop what waits, and wait for what runs."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _wait_loaded(self) -> Model:
        loading = self.start()
        if loading.done():
            return loading.result()
        try:
            async with asyncio.timeout(self._load_wait_s):
                return await asyncio.shield(asyncio.wrap_future(loading))
        except TimeoutError:
            raise ServiceError(
                503, "model_loading", "The model is being loaded; try again.", headers={"retry-after": "2"}
            ) from None


def _log_failure(loading: Future[Model]) -> None:
    if loading.cancelled() or (error := loading.exception()) is None:
        return
    if isinstance(error, RecognizerError):
        logger.error("The model cannot be loaded: {}", error)
    else:
        logger.opt(exception=error).error("The model cannot be loaded")
