"""A stand-in for a larger stream of a camera."""

from __future__ import annotations

from collections.abc import Sequence

from recognizer.types import U8, Frame


class Given:
    """A larger picture that is there."""

    def __init__(self, picture: U8 | None, skew_s: float = 0.02) -> None:
        self.picture, self.skew_s = picture, skew_s
        self.asked: list[Sequence[int]] = []
        self.alike = self.unlike = 0

    def find(self, ids: Sequence[int]) -> tuple[Frame, float] | None:
        self.asked.append(ids)
        return None if self.picture is None else (Frame(self.picture, 0, 0.0, "camera"), self.skew_s)

    def compared(self, *, alike: int, unlike: int) -> None:
        self.alike, self.unlike = self.alike + alike, self.unlike + unlike
