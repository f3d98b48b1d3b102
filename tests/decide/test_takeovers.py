"""Faces replaced by other people's within one box: how long does a name survive its face?

The figures are of the generator in ``takeover_helpers``; the slow test plays more of the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.decide.takeover_helpers import KINDS, Tally, changes, recogniser


def tally(shared_data: Path, count: int, *, kinds: tuple[str, ...], seed: int) -> Tally:
    drawn = changes(shared_data / "data/lfw/images", count, seed=seed, kinds=kinds)
    start = recogniser(shared_data, drawn)
    found = Tally()
    for change in drawn:
        step = start()
        found.add([(step(frame), faces) for frame, faces in change.frames()])
    assert found.frames > 50 * count  # the faces were reported
    assert found.named > 0.5 * found.frames
    return found


@pytest.mark.weights
def test_few_names_survive_a_face_that_is_swapped_between_two_frames(shared_data: Path) -> None:
    """Without the comparison of pictures all of them do; two pictures of faces may be too alike for it."""
    found = tally(shared_data, 6, kinds=("cut",), seed=0)
    assert found.wrong <= 2


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "share"), [("cut", 0.25), ("crossing", 0.25), ("front", 0.3), ("dissolve", 0.9)])
def test_share_of_changes_that_a_name_survives(shared_data: Path, kind: str, share: float) -> None:
    assert kind in KINDS
    found = tally(shared_data, 50, kinds=(kind,), seed=10_000)
    print(found)
    assert found.wrong <= share * found.changes
