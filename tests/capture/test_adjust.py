"""Turned, mirrored, cut out and thinned frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.capture.adjust import Adjusted, Adjustment
from recognizer.capture.sources import SourceOptions, open_source
from recognizer.types import U8, Frame
from tests.capture.capture_media import write_clip
from tests.fakes import ListedSource


def picture() -> U8:
    """Each pixel's blue is its row, green its column: 4 rows, 6 columns."""
    image = np.zeros((4, 6, 3), np.uint8)
    image[:, :, 0], image[:, :, 1] = np.arange(4)[:, None], np.arange(6)
    return image


@pytest.mark.parametrize(
    ("adjustment", "shape", "first"),
    [
        (Adjustment(), (4, 6), (0, 0)),
        (Adjustment(rotate_deg=90), (6, 4), (3, 0)),  # clockwise: the lower left corner comes up
        (Adjustment(rotate_deg=180), (4, 6), (3, 5)),
        (Adjustment(rotate_deg=270), (6, 4), (0, 5)),
        (Adjustment(mirror=True), (4, 6), (0, 5)),
        (Adjustment(rotate_deg=90, mirror=True), (6, 4), (0, 0)),
        (Adjustment(region=(0.5, 0.25, 1, 1)), (3, 3), (1, 3)),
        (Adjustment(rotate_deg=180, region=(0, 0, 0.5, 0.5)), (2, 3), (3, 5)),
        (Adjustment(region=(0.99, 0.99, 1, 1)), (1, 1), (3, 5)),
        (Adjustment(region=(0, 0, 0.001, 0.001)), (1, 1), (0, 0)),
    ],
)
def test_pictures(adjustment: Adjustment, shape: tuple[int, int], first: tuple[int, int]) -> None:
    adjusted = adjustment.apply(picture())
    assert adjusted.shape[:2] == shape
    assert tuple(adjusted[0, 0, :2].tolist()) == first
    assert adjusted.flags.c_contiguous


@pytest.mark.parametrize(("rate", "count"), [(5, 25), (25, 125), (100, 125), (10, 50), (None, 125)])
def test_rate(rate: float | None, count: int) -> None:
    jitter = np.random.default_rng(0).uniform(-0.004, 0.004, 125)
    frames = [Frame(picture(), number, 7 + number / 25 + float(jitter[number]), "clip") for number in range(125)]
    with Adjusted(ListedSource(frames), Adjustment(rate=rate)) as source:
        taken = list(source)
    assert len(taken) == pytest.approx(count, abs=1)
    assert [frame.captured_at for frame in taken] == [frames[frame.index].captured_at for frame in taken]


def test_everything_else_is_the_sources_own() -> None:
    inner = ListedSource([], name="door", live=True)
    with Adjusted(inner, Adjustment(mirror=True)) as source:
        assert (source.name, source.live, source.state_changes()) == ("door", True, [])
        source.close()
    assert inner.closed


def test_a_turned_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", frames=100, noisy=True)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    turned = open_source(str(cut), SourceOptions(adjustment=Adjustment(rotate_deg=90)))
    assert isinstance(turned, Adjusted)
    with turned as source:
        assert source.shortfall is None
        assert len(list(source)) > 20
    assert "cut.mp4 is cut off" in (turned.shortfall or "")
