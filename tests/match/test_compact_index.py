"""The index for large galleries against the definition: the same names, the same cosines."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.app import build
from recognizer.bench.search import even, faces
from recognizer.errors import FingerprintError
from recognizer.gallery.records import Enrolled
from recognizer.match.compact_index import CompactIndex
from recognizer.match.index import ExactIndex
from recognizer.types import Embeddings
from tests.match.vectors import MODEL, enrolled, probes, units

HALF_PRECISION = 1e-4


def asked(vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]], gallery: Enrolled) -> Embeddings:
    return probes(vectors, model=gallery.model)


@pytest.mark.parametrize("draw", [faces, even])
def test_names_and_cosines_are_those_of_the_exact_index(draw: type) -> None:
    drawn = draw(3000, probes=60)
    gallery = drawn.enrolled
    both = asked(np.concatenate([drawn.known, drawn.strangers]), gallery)
    exact, found = ExactIndex(enrolled=gallery).search(both), CompactIndex(enrolled=gallery).search(both)
    assert found.names[:60] == exact.names[:60]
    assert np.mean(np.array(found.names) == np.array(exact.names)) >= 0.99
    assert found.similarities[:60] == pytest.approx(exact.similarities[:60], abs=HALF_PRECISION)
    assert np.mean(np.abs(found.runner_up - exact.runner_up) < HALF_PRECISION) >= 0.95
    assert (found.runner_up <= exact.runner_up + HALF_PRECISION).all()


def test_a_vector_unlike_all_that_the_codes_were_learnt_from_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.match.compact_index.LEARN_FROM", 1000)
    drawn = faces(2000, probes=1)
    stray = units(3, 1)  # of full width, in a row that the sample leaves out
    drawn.enrolled.vectors[999] = stray
    found = CompactIndex(enrolled=drawn.enrolled).search(asked(stray, drawn.enrolled))
    assert found.names == (drawn.enrolled.names[999],)
    assert found.similarities[0] == pytest.approx(1.0, abs=HALF_PRECISION)


def test_the_runner_up_is_another_person_behind_thousands_of_photos() -> None:
    person, other = units(3, 2)
    crowd = person + 0.02 * units(4, 2500)
    vectors = np.concatenate([crowd, other[None]]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery = enrolled(["Ada"] * 2500 + ["Bob"], vectors)
    found = CompactIndex(enrolled=gallery).search(probes(np.stack([person, other])))
    assert found.names == ("Ada", "Bob")
    assert found.runner_up[0] == pytest.approx(float(person @ other), abs=HALF_PRECISION)
    best = float((vectors[:2500] @ other).max())
    assert found.runner_up[1] == pytest.approx(best, abs=0.01)  # photos so much alike have the same codes


def test_one_person_has_no_runner_up() -> None:
    gallery = enrolled(["Ada"] * 1000, units(5, 1000))
    found = CompactIndex(enrolled=gallery).search(probes(gallery.vectors[:2]))
    assert found.names == ("Ada", "Ada")
    assert found.runner_up.tolist() == [-1.0, -1.0]


def test_of_two_people_with_one_vector_the_first_is_named() -> None:
    vectors = units(6, 1000)
    vectors[500] = vectors[499]
    gallery = enrolled([f"{n:04}" for n in range(1000)], vectors)
    found = CompactIndex(enrolled=gallery).search(probes(vectors[500:501]))
    assert found.names == ("0499",)
    assert found.runner_up[0] == pytest.approx(1.0, abs=HALF_PRECISION)


def test_no_probes_no_rows_and_another_models_are_refused() -> None:
    index = CompactIndex(enrolled=enrolled(["Ada"] * 1000, units(7, 1000)))
    assert len(index.search(Embeddings.empty(MODEL))) == 0
    with pytest.raises(FingerprintError, match="gallery reembed"):
        index.search(probes(units(9, 1), model="edgeface_base-913d1d769d57"))


def test_the_gallerys_size_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = faces(2000, probes=1).enrolled
    assert type(build.index_of(gallery)).__name__ == "FaissIndex"
    monkeypatch.setattr(build, "COMPACT_FROM", 2000)
    assert isinstance(build.index_of(gallery), CompactIndex)


def test_vectors_of_another_width() -> None:
    vectors = np.random.default_rng(9).standard_normal((1500, 96)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery = enrolled([f"person {number:04d}" for number in range(1500)], vectors)
    found = CompactIndex(enrolled=gallery).search(probes(vectors[[3, 700]]))
    assert found.names == ("person 0003", "person 0700")
    assert found.similarities == pytest.approx(1.0, abs=HALF_PRECISION)
