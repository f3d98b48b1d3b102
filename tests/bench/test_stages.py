from __future__ import annotations

import numpy as np
import pytest

from recognizer.app import build
from recognizer.bench import embedding, end_to_end, inside, stages
from recognizer.bench.embedding import first_faces
from recognizer.bench.peer_detection import spread_frames
from recognizer.bench.stages import Clock, Clocked, rows_of
from recognizer.bench.subject import Bench
from recognizer.geometry import assignment
from tests.bench.conftest import FRAMES


class Part:
    size = 3

    def work(self, number: int) -> int:
        return number + 1


def test_a_clocked_part_is_the_part() -> None:
    clock = Clock()
    part = Clocked(Part(), clock, {"work": "working"})
    assert part.work(4) == 5
    assert part.size == 3
    assert list(clock.calls) == ["working"]


def test_a_stage_inside_another_has_both_names_also_after_an_error() -> None:
    clock = Clock()
    with clock.around("whole"):
        with clock.around("part"):
            pass
        with pytest.raises(KeyError), clock.around("other"):
            raise KeyError
    with clock.around("after"):
        pass
    rows = rows_of(clock.calls, frames=2)
    assert [row.stage for row in rows] == ["whole", "whole > part", "whole > other", "after"]


def test_the_mean_counts_frames_without_a_call() -> None:
    clock = Clock()
    for _ in range(3):
        with clock.around("some"):
            sum(range(50_000))
    calls = clock.calls["some"]
    row = rows_of(clock.calls, frames=6)[0]
    assert row.calls == 3
    assert row.cpu_ms_per_frame == pytest.approx(1000 * sum(call.cpu_s for call in calls) / 6)


def test_every_stage_of_a_clip_has_its_row(bench: Bench) -> None:
    found = stages.measure(bench.settings, bench.resolved, frames=8)
    names = {row.stage for row in found.rows}
    assert found.frames == 8
    assert found.faces >= 1
    assert {"decoding alone", "capture", "recognise", "align, every face", "draw and encode"} <= names
    nets = {f"full detection > {net}" for net in ("proposal net", "R-Net", "O-Net")}
    inner = {"schedule", "full detection", "fast detection", "refine", "track", "embed", "match", "decide"}
    assert {f"recognise > {name}" for name in inner | nets} <= names
    assert found.following > 0


@pytest.mark.long
def test_the_whole_clip_is_gone_through_in_every_way(bench: Bench) -> None:
    whole = end_to_end.measure(
        bench.settings, build.video_pipeline(bench.settings, bench.resolved), rounds=2, frames=None
    ).as_dict()
    assert whole["frames"] == FRAMES
    assert set(whole["ways"]) == {"decode", "decode to BGR", "recognise"}
    assert set(whole["recognise_against"]) == {"decode", "decode to BGR"}
    assert set(whole["named_face_frames"]) == {"Barack Obama", "Eileen Collins"}


def test_a_profile_names_our_functions_and_counts_foreign_ones_to_them() -> None:
    spent = inside.profiled(lambda: assignment(np.array([[1.0, 2.0], [3.0, 1.0]])))
    assert list(spent) == ["assignment"]


def test_detection_is_taken_apart(bench: Bench) -> None:
    detector = build.exact_detector(bench.settings)
    functions = inside.detection(detector, spread_frames(bench.settings, 2))
    assert sum(each.share for each in functions) == pytest.approx(1.0, abs=0.15)
    assert any(each.name.startswith("Mtcnn.") for each in functions)


@pytest.mark.long
def test_engines_embed_the_same_faces_alike(bench: Bench) -> None:
    faces = first_faces(build.exact_detector(bench.settings), spread_frames(bench.settings, 3))
    assert len(faces) >= 2
    rows = embedding.measure(bench.settings, [bench.resolved], faces, rounds=2)
    assert {(row.engine, row.batch) for row in rows} >= {("openvino", 1), ("openvino", 8)}
    assert all(row.against_torch is None for row in rows)  # of the shipped model there is no checkpoint
