"""How much a sample counts."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.decide.decider import Decider
from recognizer.decide.weights import weigh, weigh_by_norm
from recognizer.types import Embeddings, Frame, Tracks
from tests.decide.decide_helpers import THRESHOLDS, quality, unit


def test_weights_follow_what_was_measured() -> None:
    good = float(weigh(quality(1))[0])
    assert good == pytest.approx(1)
    assert float(weigh(quality(1, eyes_px=20))[0]) < good
    assert float(weigh(quality(1, yaw_deg=50))[0]) < 0.5 * good
    assert float(weigh(quality(1, score=0.8))[0]) < 0.2 * good


def test_longer_vectors_weigh_more_where_length_is_quality() -> None:
    norms = np.array([5, 10, 20, 30, 60], np.float32)
    weights = weigh_by_norm(norms, quality(5), (10.0, 30.0))
    np.testing.assert_allclose(weights, [0.02, 0.02, 0.5, 1, 1], atol=1e-6)
    assert float(weigh_by_norm(norms[3:4], quality(1, score=0.8), (10.0, 30.0))[0]) == pytest.approx(0.1)
    assert float(weigh_by_norm(norms[3:4], quality(1, eyes_px=20), (10.0, 30.0))[0]) == 1  # length says it already


@pytest.mark.parametrize(("norm_range", "nearer"), [(None, 0.5), ((10.0, 30.0), 0.9)], ids=["edgeface", "magface"])
def test_a_template_leans_towards_the_longer_vectors_of_magface(
    norm_range: tuple[float, float] | None, nearer: float
) -> None:
    decider = Decider(thresholds=THRESHOLDS, norm_range=norm_range)
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, "clip")
    one = np.array([1])
    points, scores = np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32)
    tracks = Tracks(one, np.zeros((1, 4), np.float32), points, scores, one, np.ones(1, bool))
    decider.observe(frame, tracks)
    for vector, norm in ((unit(0.8), 12.0), (unit(0.6, 0.6), 28.0)):
        sample = Embeddings(vector[None], np.array([norm], np.float32), "m")
        template = decider.learn(0.0, one, sample, quality(1)).vectors[0]
    total = (1 - nearer) * unit(0.8) + nearer * unit(0.6, 0.6)
    np.testing.assert_allclose(template, total / np.linalg.norm(total), atol=1e-5)
