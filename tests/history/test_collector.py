from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from recognizer.clock import WallClock
from recognizer.history.collector import CROP_PX, INTERIM_S, MOST_OPEN, TrackCollector, crop_of, worth_of
from recognizer.history.records import SAMPLES
from recognizer.types import EventKind, FaceQuality, Status
from tests.history.history_records import NOON, unit
from tests.results import event, identity, make_result, make_samples


@pytest.fixture
def collector() -> TrackCollector:
    return TrackCollector(WallClock(live=False, clock=lambda: NOON))


def test_a_track_is_recorded_when_it_is_lost(collector: TrackCollector) -> None:
    first = make_result(1.0, identities=[identity(7, "Ada")], samples=make_samples((7, unit(1), "Ada")))
    assert list(collector.add(first)) == []
    assert list(collector.add(make_result(2.0, identities=[identity(7, "Ada")]))) == []
    (done,) = collector.add(make_result(3.0, events=[event(EventKind.LOST, 3.0, track_id=7, name="Ada")]))
    assert (done.number, done.person, done.status, done.nearest, done.frames) == (7, "Ada", Status.KNOWN, "Ada", 2)
    assert (done.began, done.ended) == (NOON + dt.timedelta(seconds=1), NOON + dt.timedelta(seconds=2))
    assert [sample.vector.tolist() for sample in done.samples] == [unit(1).tolist()]
    assert list(collector.end("clip", (event(EventKind.LOST, 4.0, track_id=7),))) == []


def test_a_name_outlives_doubt_at_the_end(collector: TrackCollector) -> None:
    for at, one in ((1.0, identity(1, "Ada")), (2.0, identity(1, status=Status.UNDECIDED))):
        assert list(collector.add(make_result(at, identities=[one]))) == []
    (done,) = collector.end("clip", (event(EventKind.LOST, 2.0),))
    assert (done.person, done.status) == ("Ada", Status.KNOWN)


def test_the_best_samples_are_kept(collector: TrackCollector) -> None:
    for number in range(8):
        samples = make_samples((1, unit(number), None), eyes_px=10.0 + number)
        list(collector.add(make_result(number, identities=[identity(1)], samples=samples)))
    (done,) = collector.end("clip", (event(EventKind.LOST, 8.0),))
    assert [sample.quality.eyes_px[0] for sample in done.samples] == [17, 16, 15, 14, 13]
    assert len(done.samples) == SAMPLES


def test_a_long_track_is_also_saved_on_the_way(collector: TrackCollector) -> None:
    records = [
        record
        for second in range(int(INTERIM_S) + 5)
        for record in collector.add(make_result(float(second), identities=[identity(1, "Ada")]))
    ]
    assert [record.frames for record in records] == [int(INTERIM_S) + 1]


def test_tracks_of_two_sources_with_one_number(collector: TrackCollector) -> None:
    for source, name in (("door", "Ada"), ("yard", "Bob")):
        list(collector.add(make_result(1.0, source=source, identities=[identity(1, name)])))
    (yard,) = collector.end("yard", (event(EventKind.LOST, 1.0, source="yard"),))
    (door,) = collector.end("door", (event(EventKind.LOST, 1.0, source="door"),))
    assert (yard.person, door.person) == ("Bob", "Ada")


def test_tracks_that_are_never_reported_are_forgotten(collector: TrackCollector) -> None:
    for number in range(5 * MOST_OPEN):
        list(collector.add(make_result(float(number), samples=make_samples((number, unit(1), None)))))
    assert len(collector._tracks) <= MOST_OPEN + 1


def test_crops_are_kept_where_wanted() -> None:
    collector = TrackCollector(WallClock(live=False, clock=lambda: NOON), crops=True)
    samples = make_samples((1, unit(1), None))
    list(collector.add(make_result(1.0, identities=[identity(1)], samples=samples)))
    (done,) = collector.end("clip", (event(EventKind.LOST, 1.0),))
    assert done.samples[0].crop is not None
    assert done.samples[0].crop.shape == (32, 25, 3)


def test_the_first_sample_has_a_crop_though_its_track_is_not_reported_yet() -> None:
    collector = TrackCollector(WallClock(live=False, clock=lambda: NOON), crops=True)
    list(collector.add(make_result(1.0, samples=make_samples((1, unit(1), None)))))
    list(collector.add(make_result(1.1, identities=[identity(1)])))
    (done,) = collector.end("clip", (event(EventKind.LOST, 2.0),))
    assert [sample.crop is not None for sample in done.samples] == [True]


@pytest.mark.parametrize("box", [(10, 10, 30, 50), (-50, -50, 2, 2), (190, 90, 400, 300), (0, 0, 200, 100)])
def test_a_crop_stays_within_the_picture(box: tuple[float, ...]) -> None:
    crop = crop_of(np.zeros((100, 200, 3), np.uint8), np.array(box, np.float32))
    assert crop is not None
    assert 1 <= max(crop.shape[:2]) <= CROP_PX


def test_there_is_no_crop_beyond_the_picture() -> None:
    assert crop_of(np.zeros((100, 200, 3), np.uint8), np.array([500, 500, 600, 600], np.float32)) is None


def test_a_frontal_face_is_worth_more_than_a_turned_one() -> None:
    frontal, turned = FaceQuality.of(40, 90, 0, 0, 0.99), FaceQuality.of(40, 90, 60, 0, 0.99)
    assert worth_of(turned) == pytest.approx(worth_of(frontal) / 2)


@pytest.mark.parametrize("goes_on", [False, True])
def test_who_was_removed_does_not_come_back_with_a_track_that_goes_on(collector: TrackCollector, goes_on: bool) -> None:
    named = [identity(1, "Ada")]
    list(collector.add(make_result(1.0, identities=named, samples=make_samples((1, unit(1), "Ada")))))
    list(collector.add(make_result(2.0, identities=named)))
    collector.people = frozenset({"Bob"})
    if goes_on:
        stranger = [identity(1, status=Status.UNKNOWN)]
        list(collector.add(make_result(3.0, identities=stranger, samples=make_samples((1, unit(1), "Bob")))))
    (done,) = collector.end("clip", (event(EventKind.LOST, 4.0),))
    assert "Ada" not in repr([done.person, done.nearest, done.reasons, [one.nearest for one in done.moments]])
    assert (done.person, done.nearest) == (None, "Bob" if goes_on else None)
    assert done.status is (Status.UNKNOWN if goes_on else Status.UNDECIDED)
    assert [one.nearest for one in done.moments] == ["Bob"] * goes_on
