from __future__ import annotations

import numpy as np

from recognizer.emit.collect import CollectingSink
from recognizer.types import Frame, FrameResult, Tracks


def result(index: int) -> FrameResult:
    return FrameResult(Frame(np.zeros((4, 4, 3), np.uint8), index, float(index), "clip"), Tracks.empty(), (), ())


def test_a_value_of_each_frame_is_kept_in_order() -> None:
    sink = CollectingSink(lambda each: each.frame.index)
    with sink:
        for index in (3, 4):
            sink.emit(result(index))
        sink.on_end("clip", ())
    assert sink.values == [3, 4]
