from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import InputError
from recognizer.evaluation.report import page
from recognizer.evaluation.truth import Appearance, Truth, read_truth, write_truth
from recognizer.evaluation.video import Seen, score
from recognizer.evaluation.video_report import video_section
from recognizer.evaluation.video_score import VideoScore
from tests.conftest import ROOT

LEFT, RIGHT = (0.0, 0.0, 100.0, 100.0), (200.0, 0.0, 300.0, 100.0)
ON_LEFT, ON_RIGHT = (40.0, 40.0, 60.0, 60.0), (240.0, 40.0, 260.0, 60.0)
ENROLLED = {"Ann", "Bob"}

Track = tuple[int, tuple[float, float, float, float], str | None]


def run(*spans: tuple[float, float, Track], length_s: float = 10.0) -> list[tuple[float, list[Seen]]]:
    """Ten frames a second; a track is seen from when to when."""
    frames = []
    for number in range(round(length_s * 10)):
        at = number / 10
        frames.append((at, [Seen(at, *track) for begins, ends, track in spans if begins <= at < ends - 1e-9]))
    return frames


def truth(*faces: Appearance) -> Truth:
    return Truth("clip", 10.0, faces)


def test_coverage_is_named_time_over_time_in_view() -> None:
    known = truth(Appearance("Ann", 0, 8, LEFT), Appearance("Bob", 0, 8, RIGHT, counts=False))
    found = score(known, run((0, 2, (1, ON_LEFT, None)), (2, 8, (1, ON_LEFT, "Ann"))), enrolled=ENROLLED)
    assert found.coverage == pytest.approx(0.75)
    assert found.counted_s == pytest.approx(8)
    assert found.all_named_s / found.all_s == pytest.approx(6 / 16)
    assert found.as_dict()["time_to_name_s"] == {"median": 2.0, "largest": 2.0, "never": 0}
    assert (found.mated_tracks, found.mated_named, found.switches, found.wrong) == (1, 1, 0, ())


def test_swapped_names_are_wrong_though_both_people_are_there() -> None:
    known = truth(Appearance("Ann", 0, 8, LEFT), Appearance("Bob", 0, 8, RIGHT))
    found = score(known, run((0, 8, (1, ON_LEFT, "Bob")), (0, 8, (2, ON_RIGHT, "Bob"))), enrolled=ENROLLED)
    assert [(wrong.who, wrong.name) for wrong in found.wrong] == [("Ann", "Bob")]
    assert found.wrong[0].seconds == pytest.approx(8)
    assert found.coverage == pytest.approx(0.5)
    assert found.mated_named == 1
    values = found.as_dict()
    assert values["wrong_names_per_face_hour"]["rate"] == pytest.approx(3600 / 16)
    assert values["wrong_names_per_track"]["rate"] == 0.5
    assert values["time_to_name_s"]["never"] == 1


def test_without_boxes_a_name_is_right_when_its_person_is_there() -> None:
    known = truth(Appearance("Ann", 0, 5), Appearance("stranger", 0, 10))
    spans = ((0, 5, (1, ON_LEFT, "Ann")), (5, 10, (2, ON_RIGHT, "Ann")))
    found = score(known, run(*spans), enrolled=ENROLLED)
    assert found.coverage == pytest.approx(1)
    assert [(wrong.who, wrong.name) for wrong in found.wrong] == [("stranger", "Ann")]
    assert (found.non_mated_tracks, found.non_mated_named) == (1, 1)


def test_a_name_where_nobody_is_is_wrong() -> None:
    found = score(truth(), run((3, 4, (7, ON_LEFT, "Ann"))), enrolled=ENROLLED)
    assert [(wrong.who, wrong.name) for wrong in found.wrong] == [(None, "Ann")]
    assert found.as_dict()["fpir"]["rate"] == 1.0


def test_a_name_may_outlive_its_person_for_a_few_frames() -> None:
    known = truth(Appearance("Ann", 1.0, 5.0, LEFT))
    assert score(known, run((0.9, 5.1, (1, ON_LEFT, "Ann"))), enrolled=ENROLLED).wrong == ()
    assert len(score(known, run((0.9, 5.9, (1, ON_LEFT, "Ann"))), enrolled=ENROLLED).wrong) == 1


def test_a_new_number_for_a_face_in_view_is_a_switch() -> None:
    known = truth(Appearance("Ann", 0, 8, LEFT), Appearance("Ann", 8, 10, LEFT))
    spans = ((0.0, 3.0, (1, ON_LEFT, "Ann")), (3.0, 8.0, (2, ON_LEFT, "Ann")), (8.0, 10.0, (3, ON_LEFT, "Ann")))
    assert score(known, run(*spans), enrolled=ENROLLED).switches == 1


def test_several_people_of_one_entry_without_a_box_are_no_switches() -> None:
    spans = ((0.0, 6.0, (1, ON_LEFT, None)), (0.0, 10.0, (2, ON_RIGHT, None)))
    assert score(truth(Appearance("strangers", 0, 10)), run(*spans), enrolled=ENROLLED).switches == 0
    one_goes_on = ((0.0, 3.0, (1, ON_LEFT, None)), (3.0, 8.0, (2, ON_LEFT, None)))
    assert score(truth(Appearance("Ann", 0, 10)), run(*one_goes_on), enrolled=ENROLLED).switches == 1


def with_errors() -> tuple[Truth, VideoScore]:
    known = truth(
        Appearance("Ann", 0, 4, LEFT),
        Appearance("Bob", 0, 8, RIGHT),
        Appearance("<guest>", 5, 9, LEFT),
        Appearance("Ann", 9, 10),
    )
    spans = (
        (1.0, 4.0, (1, ON_LEFT, "Ann")),
        (0.0, 8.0, (2, ON_RIGHT, None)),
        (5.0, 7.0, (3, ON_LEFT, "Bob")),
        (7.0, 9.0, (3, ON_LEFT, None)),
    )
    return known, score(known, run(*spans), enrolled=ENROLLED)


def test_people_tracks_and_spans() -> None:
    _, found = with_errors()
    people = found.people()
    assert list(people) == ["Ann", "Bob"]
    assert people["Ann"] == {
        "appearances": 2,
        "counted_s": 5.0,
        "named_s": 3.0,
        "coverage": 0.6,
        "time_to_name_s": 1.0,
        "never_named": 1,
        "called_wrongly": 0,
        "given_to_others": 0,
    }
    assert (people["Bob"]["coverage"], people["Bob"]["never_named"], people["Bob"]["given_to_others"]) == (0.0, 1, 1)
    assert [(seen.track_id, seen.who, seen.enrolled, set(seen.names)) for seen in found.track_scores] == [
        (1, "Ann", True, {"Ann"}),
        (2, "Bob", True, set()),
        (3, "<guest>", False, {"Bob"}),
    ]
    assert [(span.name, span.correct, span.from_s, round(span.to_s, 6)) for span in found.spans] == [
        ("Ann", True, 1.0, 4.0),
        ("Bob", False, 5.0, 7.0),
    ]


def test_the_report_shows_who_was_named_when_and_the_faces_in_question() -> None:
    known, found = with_errors()
    face = np.full((112, 112, 3), 90, np.uint8)
    text = page("Video", [video_section(known, found, {(3, "Bob"): face, (3, None): face, (2, None): face}, model="m")])
    assert "5.00 s: &lt;guest&gt; named Bob" in text
    assert "Wrong names: 1" in text
    assert "never correctly named: 1" in text
    assert text.count("data:image/jpeg;base64,") == 3
    assert text.count("<title>track") == len(found.spans)
    assert "<guest>" not in text
    assert set(re.findall(r"https?://[^/]*", text)) == {"http://www.w3.org"}  # names of XML: nothing is fetched


def test_a_clip_without_enrolled_people_has_no_coverage() -> None:
    known = truth(Appearance("stranger", 0, 10, LEFT))
    found = score(known, run((0.0, 10.0, (1, ON_LEFT, None))), enrolled=ENROLLED)
    assert found.as_dict()["coverage"] is None
    assert "none to count" in video_section(known, found, {}, model="m")


@pytest.mark.parametrize("clip", ["a clip.mp4", "[cam 1] door: in.mp4", "@home #2.mp4"])
@pytest.mark.parametrize("faces", [(Appearance("Ann Ö: x", 0.5, 2, LEFT), Appearance("?", 1, 3, counts=False)), ()])
def test_a_truth_file_is_read_as_it_was_written(clip: str, faces: tuple[Appearance, ...], tmp_path: Path) -> None:
    known = Truth(clip, 12.5, faces)
    write_truth(tmp_path / "t.yaml", known, comment="two\nlines")
    assert read_truth(tmp_path / "t.yaml") == known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faces: 3", "wanted 'faces:'"),
        ("- a", "wanted 'faces:'"),
        ("faces: [{who: A, from_s: 1}]", "entry 1: wanted who, from_s, to_s"),
        ("faces: [{who: A, from_s: 3, to_s: 2}]", "wanted from_s before to_s"),
        ("faces: [{who: A, from_s: 1, to_s: 2, box: [1, 2]}]", "wanted box"),
        ("faces: [{who: A, from_s: 1, to_s: 2, box: [3, 2, 1, 4]}]", "wanted box"),
        ("faces: [{who: A, from_s: 1, to_s: 2, count: no}]", "entry 1"),
        ("faces: [{who: A, from_s: 1, to_s: 2, counts: 1}]", "wanted counts"),
        ("length_s: long\nfaces: []", "wanted length_s"),
        ("faces: [", "cannot be read"),
    ],
)
def test_errors_in_a_truth_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_truth(tmp_path / "t.yaml")


def test_the_truth_of_the_development_clip_is_well_formed() -> None:
    known = read_truth(ROOT / "tests/truth/friends_720p.yaml")
    assert {face.who for face in known.faces} == {"Rachel", "Joey", "Monica", "Chandler", "Phoebe", "Ross"}
    assert max(face.to_s for face in known.faces) == known.length_s
