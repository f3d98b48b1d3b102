from __future__ import annotations

import numpy as np
import pytest

from recognizer.bench import search


@pytest.mark.parametrize(("draw", "width"), [(search.faces, search.WIDTH), (search.even, 512)])
def test_drawn_vectors_are_what_they_are_said_to_be(draw: type, width: int) -> None:
    drawn = draw(1500, probes=40)
    vectors = drawn.enrolled.vectors
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(1500), abs=1e-5)
    assert np.linalg.matrix_rank(vectors, tol=1e-3) == width
    assert (drawn.known @ vectors.T).max(axis=1).min() > (drawn.strangers @ vectors.T).max(axis=1).mean()


def test_people_are_as_alike_as_on_lfw() -> None:
    vectors = search.faces(4000, probes=1).enrolled.vectors.reshape(-1, search.PHOTOS, 512)
    same = (vectors[:, 0] * vectors[:, 1]).sum(axis=1)
    assert np.percentile(same, (5, 50, 95)) == pytest.approx((0.43, 0.65, 0.81), abs=0.06)
    other = (vectors[:-1, 0] * vectors[1:, 0]).sum(axis=1)
    assert other.std() == pytest.approx(0.076, abs=0.006)


def test_a_comparison_names_the_index() -> None:
    figures = search.compare(search.faces(1200, probes=10), rounds=3).as_dict()
    assert figures["index"] == "FaissIndex"
    assert figures["recall_at_1"] == {"known": 1.0, "strangers": 1.0}
    assert figures["largest_error"] < 1e-5
    assert figures["vectors"] == 1200
