"""A sink that keeps a value of each frame, for evaluation, calibration, the bench and tests."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from recognizer.types import FrameResult

T = TypeVar("T")


class CollectingSink(Generic[T]):
    """Collect one value of each frame's result, in order; results that only close tracks are left out.

    Args:
        value_of: takes a result; called on the thread that emits, when the result comes.
    """

    failed: str | None = None

    def __init__(self, value_of: Callable[[FrameResult], T]) -> None:
        self.values: list[T] = []
        self._value_of = value_of

    def __enter__(self) -> Self:
        """Start; nothing is opened."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish; the values stay."""

    def emit(self, result: FrameResult) -> None:
        """Collect the value of one frame."""
        if not result.closing:
            self.values.append(self._value_of(result))
