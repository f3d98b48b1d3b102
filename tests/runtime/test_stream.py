from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from recognizer.errors import SourceError
from recognizer.runtime.channels import FRAMES_WAITING
from recognizer.runtime.stream import results
from recognizer.types import Frame
from tests.fakes import ListedSource, face_picture
from tests.painted_pipeline import pipeline


def frames(count: int) -> list[Frame]:
    return [Frame(face_picture((3, 0)), number, number / 25, "clip") for number in range(count)]


def test_every_frame_of_a_file_comes_once_and_in_order() -> None:
    recognise, _, _ = pipeline()
    given = list(results(ListedSource(frames(30)), recognise))
    assert [result.frame.index for result in given if len(result.tracks) or not result.events] == list(range(30))
    assert [event.kind.value for result in given for event in result.events] == ["appeared", "recognised", "lost"]


def test_a_slow_loop_is_at_most_three_results_behind() -> None:
    recognise, _, _ = pipeline()
    source = CountingSource(frames(40))
    stream = results(source, recognise)
    for number in range(10):
        result = next(stream)
        assert result.frame.index == number
    assert source.taken <= 10 + 3 + FRAMES_WAITING + 1  # results ahead, frames in the channel, one on its way there
    stream.close()
    assert not any(thread.name.startswith("recognise") for thread in threading.enumerate())


class CountingSource(ListedSource):
    """Counts the frames that were taken from it."""

    taken = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self.taken += 1
            yield frame


def test_the_failure_of_a_source_is_raised_after_what_it_gave() -> None:
    recognise, _, _ = pipeline()
    stream = results(ListedSource(frames(3), error=SourceError("the cable was pulled")), recognise)
    assert [next(stream).frame.index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError, match="the cable was pulled"):
        list(stream)
