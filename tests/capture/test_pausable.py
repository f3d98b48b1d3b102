from __future__ import annotations

import numpy as np

from recognizer.capture.pausable import Pausable
from recognizer.types import Frame, SourceChange, SourceState
from tests.fakes import ListedSource
from tests.rig import Background, wait_until


def frames(count: int) -> list[Frame]:
    return [Frame(np.zeros((4, 4, 3), np.uint8), index, float(index), "clip") for index in range(count)]


def test_a_paused_camera_goes_on_and_its_frames_are_left_out() -> None:
    source = Pausable(ListedSource(frames(6), live=True))
    got = []
    with source:
        for frame in source:
            got.append(frame.index)
            if frame.index == 1:
                source.pause()
                source.pause()
    assert got == [0, 1]
    assert source.paused
    assert [change.state for change in source.state_changes()] == [SourceState.PAUSED]
    source.resume()
    assert [change.state for change in source.state_changes()] == [SourceState.OPEN]
    assert [frame.index for frame in source] == []  # closed


def test_a_paused_file_waits_and_loses_nothing() -> None:
    source = Pausable(ListedSource(frames(4)))
    got: list[int] = []
    source.pause()
    with source:
        reading = Background(lambda: got.extend(frame.index for frame in source))
        assert got == []
        source.resume()
        reading.join(10)
    assert got == [0, 1, 2, 3]


def test_closing_ends_a_paused_file() -> None:
    source = Pausable(ListedSource(frames(4)))
    source.pause()
    with source:
        reading = Background(lambda: list(source))
        assert wait_until(lambda: source.paused, seconds=10) < 10
        source.close()
        reading.join(10)


class Reporting(ListedSource):
    """A camera that says how it is."""

    def __init__(self) -> None:
        super().__init__(frames(1), live=True)
        self.changes: list[SourceChange] = []

    def state_changes(self) -> list[SourceChange]:
        changes, self.changes = self.changes, []
        return changes


def test_resuming_reports_the_state_that_the_camera_has_by_then() -> None:
    camera = Reporting()
    source = Pausable(camera)
    camera.changes = [SourceChange("clip", SourceState.LIVE, 0.0)]
    assert [change.state for change in source.state_changes()] == [SourceState.LIVE]
    source.pause()
    camera.changes = [SourceChange("clip", SourceState.LOST, 0.0, "refused")]
    assert {change.state for change in source.state_changes()} == {SourceState.PAUSED, SourceState.LOST}
    source.resume()
    assert [change.state for change in source.state_changes()] == [SourceState.LOST]
