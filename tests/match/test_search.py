"""Exact and FAISS search: the same answers, and right ones."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.errors import FingerprintError
from recognizer.gallery.records import Enrolled
from recognizer.match.faiss_index import FaissIndex
from recognizer.match.index import ExactIndex
from recognizer.types import F32, Embeddings
from tests.match.vectors import MODEL, enrolled, probes, units

Index = type[ExactIndex] | type[FaissIndex]
both = pytest.mark.parametrize("index", [ExactIndex, FaissIndex])


def by_hand(gallery: Enrolled, vector: F32) -> tuple[str, float, float]:
    """The definition, person by person."""
    best: dict[str, float] = {}
    for name, row in zip(gallery.names, gallery.vectors, strict=True):
        best[name] = max(best.get(name, -1.0), float(np.dot(row, vector)))
    ranked = sorted(best.items(), key=lambda item: -item[1])
    return ranked[0][0], ranked[0][1], ranked[1][1] if len(ranked) > 1 else -1.0


@both
def test_the_answer_is_the_definition(index: Index) -> None:
    names = sorted(f"person {n % 37:02}" for n in range(400))
    gallery = enrolled(names, units(1, 400))
    asked = np.concatenate([units(2, 20), gallery.vectors[::50]])
    found = index(enrolled=gallery).search(probes(asked))
    for row, vector in enumerate(asked):
        name, similarity, runner_up = by_hand(gallery, vector)
        assert found.names[row] == name
        assert found.similarities[row] == pytest.approx(similarity, abs=1e-5)
        assert found.runner_up[row] == pytest.approx(runner_up, abs=1e-5)


@both
def test_the_runner_up_is_another_person_behind_hundreds_of_photos(index: Index) -> None:
    person, other = units(3, 2)
    crowd = person + 0.02 * units(4, 300)
    vectors = np.concatenate([crowd, other[None]]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery = enrolled(["Ada"] * 300 + ["Bob"], vectors)
    found = index(enrolled=gallery).search(probes(np.stack([person, other])))
    assert found.names == ("Ada", "Bob")
    assert found.runner_up[0] == pytest.approx(float(person @ other), abs=1e-5)
    assert found.runner_up[1] == pytest.approx(float((vectors[:300] @ other).max()), abs=1e-5)


@both
def test_one_person_has_no_runner_up(index: Index) -> None:
    vectors = units(5, 20)
    found = index(enrolled=enrolled(["Ada"] * 20, vectors)).search(probes(vectors[:3]))
    assert found.names == ("Ada",) * 3
    assert found.similarities == pytest.approx([1.0] * 3, abs=1e-5)
    assert found.runner_up.tolist() == [-1.0] * 3


@both
def test_an_empty_gallery_matches_nobody(index: Index) -> None:
    found = index(enrolled=enrolled([], units(6, 0), model="")).search(probes(units(6, 2)))
    assert found.names == (None, None)
    assert found.similarities.tolist() == found.runner_up.tolist() == [-1.0, -1.0]


@both
def test_no_probes_no_rows(index: Index) -> None:
    assert len(index(enrolled=enrolled(["Ada"], units(7, 1))).search(Embeddings.empty(MODEL))) == 0


@both
def test_two_people_with_one_vector_come_in_order(index: Index) -> None:
    vector = units(8, 1)
    gallery = enrolled(["Ada", "Bob"], np.concatenate([vector, vector]))
    found = index(enrolled=gallery).search(probes(vector))
    assert found.names == ("Ada",)
    assert found.runner_up[0] == pytest.approx(1.0, abs=1e-5)


@both
def test_another_models_probes_are_refused_with_the_way_out(index: Index) -> None:
    gallery = enrolled(["Ada"], units(9, 1))
    with pytest.raises(FingerprintError) as caught:
        index(enrolled=gallery).search(probes(units(9, 1), model="edgeface_base-913d1d769d57"))
    message = str(caught.value)
    assert MODEL in message
    assert "edgeface_base-913d1d769d57" in message
    assert 'python main.py gallery reembed --gallery "people" --model edgeface_base' in message
    assert "--model edgeface_xs_q," in message


@both
def test_two_indices_do_not_mix(index: Index) -> None:
    one, other = units(10, 2)
    first, second = index(enrolled=enrolled(["Ada"], one[None])), index(enrolled=enrolled(["Bob"], other[None]))
    assert first.search(probes(other[None])).names == ("Ada",)
    assert second.search(probes(other[None])).names == ("Bob",)


def test_rows_of_one_person_must_stand_together() -> None:
    with pytest.raises(ValueError, match="side by side"):
        ExactIndex(enrolled=enrolled(["Ada", "Bob", "Ada"], units(11, 3)))
