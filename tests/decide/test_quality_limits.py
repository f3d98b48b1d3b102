"""A face below the limits of quality gets no name, however much it resembles somebody, and is not unknown either."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.decide.photo import PhotoDecider
from recognizer.types import F32, I64, Embeddings, FaceQuality, Frame, Identity, Matches, Status, Tracks

THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)
GOOD = (60.0, 100.0, 0.0, 0.0, 0.999)
BLURRED = (60.0, 3.0, 0.0, 0.0, 0.999)
ADA, NOBODY = 0, 1
"""Axes of the vectors' space: a face is Ada by so much as it lies along the first."""


def face(similarity: float, rest: int = NOBODY) -> F32:
    vector = np.zeros(512, np.float32)
    vector[[ADA, rest]] = similarity, np.sqrt(1 - similarity**2)
    return vector


def after(decider: Decider, samples: Sequence[tuple[F32, tuple[float, ...]]], *, still_s: float = 0.4) -> Identity:
    """The identity of one track after these samples, each in a frame of its own."""
    for number, (vector, parts) in enumerate(samples):
        frame = Frame(np.zeros((8, 8, 3), np.uint8), number, number * still_s, "clip")
        ids, box = np.array([7]), np.array([[0, 0, 90, 90]], np.float32)
        score = np.array([0.999], np.float32)
        tracks = Tracks(ids, box, np.zeros((1, 5, 2), np.float32), score, np.array([0]), np.array([True]))
        wanted = ids[decider.observe(frame, tracks)]
        seen = Embeddings(vector[None][: len(wanted)], np.ones(len(wanted), np.float32), "m")
        templates = decider.learn(frame.captured_at, wanted, seen, FaceQuality.of(*parts)[: len(wanted)])
        similarities = np.ascontiguousarray(templates.vectors[:, ADA])
        matches = Matches(("Ada",) * len(wanted), similarities, np.zeros(len(wanted), np.float32))
        _, identities, _ = decider.decide(frame, tracks, frozenset({7}), wanted, matches)
    return identities[0]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (BLURRED, "cannot tell: blurred: sharpness 3, wanted 35"),
        ((6.0, 100.0, 0.0, 0.0, 0.999), "cannot tell: 6 px between the eyes, wanted 20"),
        ((60.0, 100.0, -84.0, 0.0, 0.999), "cannot tell: turned 84 degrees sideways, wanted at most 60"),
        ((60.0, 100.0, 0.0, 90.0, 0.999), "cannot tell: head tilted 90 degrees, wanted at most 60"),
        ((60.0, 100.0, 0.0, -179.0, 0.999), "cannot tell: head tilted 179 degrees, wanted at most 60"),
        ((60.0, 100.0, 0.0, 0.0, 0.7), "cannot tell: perhaps not a face: detector score 0.70, wanted 0.95"),
    ],
)
@pytest.mark.parametrize("kind", [Decider, PhotoDecider])
@pytest.mark.parametrize("similarity", [0.9, 0.1])
def test_below_the_limits_nobody_can_tell(
    kind: type[Decider], similarity: float, parts: tuple[float, ...], reason: str
) -> None:
    identity = after(kind(thresholds=THRESHOLDS), [(face(similarity), parts)] * 12)
    assert (identity.status, identity.name, identity.reasons) == (Status.UNDECIDED, None, (reason,))


def test_a_name_from_good_samples_is_neither_lost_nor_changed_by_blurred_ones() -> None:
    decider = Decider(thresholds=THRESHOLDS, recheck_s=0.1)
    identity = after(decider, [(face(0.7), GOOD)] * 4 + [(face(0.5), BLURRED)] * 8)
    assert identity.name == "Ada"
    assert identity.similarity == pytest.approx(0.7, abs=1e-4)


def test_the_first_sharp_sample_counts_alone_whatever_the_blurred_ones_were_like() -> None:
    samples = [(face(0.0, rest=2), BLURRED)] * 6 + [(face(0.7), GOOD)] * 5
    identity = after(Decider(thresholds=THRESHOLDS), samples)
    assert (identity.track_id, identity.name) == (7, "Ada")
    assert identity.similarity == pytest.approx(0.7, abs=1e-4)


def test_a_track_that_cannot_tell_is_soon_sampled_as_rarely_as_a_settled_one() -> None:
    """At most four samples in a hurry and one every two seconds, in ten seconds of 25 frames each."""
    decider = Decider(thresholds=THRESHOLDS, recheck_s=2.0)
    sampled = []
    learn = decider.learn

    def counting(at: float, ids: I64, embeddings: Embeddings, quality: FaceQuality) -> Embeddings:
        sampled.extend(ids.tolist())
        return learn(at, ids, embeddings, quality)

    decider.learn = counting  # type: ignore[method-assign]
    after(decider, [(face(0.9), BLURRED)] * 250, still_s=0.04)
    assert len(sampled) <= 4 + 1 + 5


def test_however_many_blurred_samples_never_name() -> None:
    """Their weights once summed up to that of a usable one: after 51 samples, two minutes of a blurred face."""
    identity = after(Decider(thresholds=THRESHOLDS, recheck_s=0.1), [(face(0.9), BLURRED)] * 120)
    assert (identity.status, identity.name) == (Status.UNDECIDED, None)


def test_one_good_sample_is_one_however_many_blurred_ones_came_before() -> None:
    identity = after(Decider(thresholds=THRESHOLDS), [(face(0.5), BLURRED)] * 3 + [(face(0.5), GOOD)])
    assert (identity.status, identity.name) == (Status.UNDECIDED, None)
    assert identity.reasons[-1] == "1 sample so far, wanted 2"


def test_blurred_samples_that_resemble_each_other_do_not_end_a_named_track() -> None:
    decider = Decider(thresholds=THRESHOLDS, recheck_s=0.1)
    identity = after(decider, [(face(0.7), GOOD)] * 4 + [(face(0.0, rest=2), BLURRED)] * 6)
    assert (identity.name, decider.take_takeovers()) == ("Ada", [])
