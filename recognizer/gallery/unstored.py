"""Store measurements a second's worth at a time: each transaction waits for the disk, 16 ms where a photo takes 37."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from recognizer.gallery.records import Measurement
from recognizer.gallery.store import Gallery

STORE_EVERY_S = 1.0
"""Work that a kill may lose; whatever else ends an enrolment loses none."""
STORE_AT_MOST = 64
"""Measurements held, so that memory stays flat: 6 KB each."""


class UnstoredMeasurements:
    """Holds measurements while open, until a second has passed or there are many.

    Args:
        gallery: open to write.
        model: fingerprint of the model that made them.
    """

    def __init__(self, gallery: Gallery, model: str) -> None:
        self._gallery, self._model = gallery, model
        self._held: dict[bytes, Measurement] = {}
        self._stored_at = time.monotonic()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Store the rest, whatever ends the enrolment."""
        self.store()

    def add(self, sha256: bytes, measurement: Measurement) -> None:
        """Take the measurement of one picture's content."""
        self._held[sha256] = measurement
        if len(self._held) >= STORE_AT_MOST or time.monotonic() - self._stored_at >= STORE_EVERY_S:
            self.store()

    def store(self) -> None:
        """Store what is held."""
        held, self._held = self._held, {}
        self._gallery.store_all(held, self._model)
        self._stored_at = time.monotonic()
