from __future__ import annotations

import numpy as np
from rich.console import Console

from recognizer.emit.sources import SourceBoard
from recognizer.emit.status import StatusBlock
from recognizer.emit.summary import Summary, summary_table
from recognizer.types import Frame, FrameResult, SourceChange, SourceState, Tracks
from tests.larger import Given
from tests.results import make_samples

VECTOR = np.full(512, 512**-0.5, np.float32)


def result(at: float, *skews: float, samples: int = 1, larger: bool = True) -> FrameResult:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, at, "door", larger=Given(None) if larger else None)
    embedded = make_samples(*((number, VECTOR, None) for number in range(samples)))
    return FrameResult(frame, Tracks.empty(), (), (), samples=embedded, skews_s=skews)


def test_samples_of_the_main_stream_are_counted_with_their_skew() -> None:
    board = SourceBoard(frozenset({"door"}))
    board.take(result(1.0, -0.02))
    board.take(result(2.0))
    board.take(result(3.0, 0.04, 0.04, samples=2))
    found = board.sources["door"].as_dict()["main_stream"]
    assert (found["samples"], found["of"]) == (3, 4)
    assert 39 < found["skew_ms"]["p50"] < 41


def test_a_camera_of_one_stream_has_no_such_figures() -> None:
    board = SourceBoard(frozenset({"door"}))
    board.take(result(1.0, larger=False))
    assert "main_stream" not in board.sources["door"].as_dict()
    assert board.sources["door"].main_stream == ""


def test_status_and_summary_show_them() -> None:
    status = StatusBlock(Console(file=None, force_terminal=False), live=frozenset({"door"}), dropped={})
    summary = Summary(None, model="m", engine="e", live=frozenset({"door"}))
    for sink in (status, summary):
        sink.on_source_state(SourceChange("door", SourceState.LIVE, 0.0))
        sink.emit(result(1.0, 0.012))
        sink.emit(result(2.0))
    (line,) = status.lines()
    assert "1 of 2 samples from the main stream, skew p95 12 ms" in line
    console = Console(record=True, width=200)
    console.print(summary_table(summary.as_dict()))
    assert "1 of 2 samples from the main stream, skew p95 12 ms" in console.export_text()
