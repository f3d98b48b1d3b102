"""A sink that collects one value of each frame, for evaluation, calibration, the bench and tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from recognizer.emit.base import BaseSink
from recognizer.types import FrameResult

T = TypeVar("T")


class CollectingSink(BaseSink, Generic[T]):
    """Collect one value of each frame's result, in order.

    Args:
        value_of: Takes a result; called on the emitting thread, when the result arrives.
    """

    def __init__(self, value_of: Callable[[FrameResult], T]) -> None:
        self.values: list[T] = []
        self._value_of = value_of

    def emit(self, result: FrameResult) -> None:
        """Collect the value of one frame."""
        self.values.append(self._value_of(result))
