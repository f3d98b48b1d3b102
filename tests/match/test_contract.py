"""What every ``VectorIndex`` promises: exact, FAISS, compact and Milvus give the same answers, and right ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recognizer.bench.search import faces
from recognizer.errors import FingerprintError
from recognizer.gallery.records import Enrolled
from recognizer.match.compact_index import CompactIndex
from recognizer.match.exact_index import ExactIndex
from recognizer.match.faiss_index import FaissIndex
from recognizer.match.remote_index import RemoteIndex
from recognizer.protocols import VectorIndex
from recognizer.types import Embeddings, Matches
from tests.match.match_helpers import MODEL, enrolled, probes, units

FP16 = 1e-4
"""The compact index ranks by fp16."""
Build = Callable[[Enrolled], VectorIndex]


@pytest.fixture(params=["exact", "faiss", "compact", "milvus"])
def build(request: pytest.FixtureRequest) -> Build:
    kinds: dict[str, Build] = {
        "exact": lambda gallery: ExactIndex(enrolled=gallery),
        "faiss": lambda gallery: FaissIndex(enrolled=gallery),
        "compact": lambda gallery: CompactIndex(enrolled=gallery),
    }
    if request.param in kinds:
        return kinds[request.param]
    make = request.getfixturevalue("make_milvus")

    def build_remote(gallery: Enrolled) -> VectorIndex:
        index = RemoteIndex(enrolled=gallery, server=make())
        assert index.start().ready.wait(90)
        index._local = _Refuses()  # the server must have answered
        return index

    return build_remote


class _Refuses:
    def search(self, probes: Embeddings) -> Matches:
        assert len(probes) == 0, "the server did not answer"
        return Matches.empty()


def test_names_and_cosines_are_the_definition(build: Build) -> None:
    drawn = faces(1200, probes=20)
    found = build(drawn.enrolled).search(probes(drawn.known, drawn.enrolled.model))
    cosines = drawn.known @ drawn.enrolled.vectors.T
    names = np.array(drawn.enrolled.names)
    for row, of_probe in enumerate(cosines):
        nearest = names[of_probe.argmax()]
        assert found.names[row] == nearest
        assert found.similarities[row] == pytest.approx(of_probe.max(), abs=FP16)
        assert found.runner_up[row] == pytest.approx(of_probe[names != nearest].max(), abs=FP16)


def test_the_runner_up_is_another_person_behind_hundreds_of_photos(build: Build) -> None:
    person, other = units(3, 2)
    crowd = person + 0.02 * units(4, 700)
    vectors = np.concatenate([crowd, other[None]]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = build(enrolled(["Ada"] * 700 + ["Bob"], vectors)).search(probes(np.stack([person, other])))
    assert found.names == ("Ada", "Bob")
    assert found.runner_up[0] == pytest.approx(float(person @ other), abs=FP16)


def test_one_person_has_no_runner_up(build: Build) -> None:
    gallery = enrolled(["Ada"] * 700, units(5, 700))
    found = build(gallery).search(probes(gallery.vectors[:2]))
    assert found.names == ("Ada", "Ada")
    assert found.runner_up.tolist() == [-1.0, -1.0]


def test_of_two_people_with_one_vector_the_first_is_named(build: Build) -> None:
    vectors = units(6, 700)
    vectors[500] = vectors[499]
    found = build(enrolled([f"{n:04}" for n in range(700)], vectors)).search(probes(vectors[500:501]))
    assert found.names == ("0499",)
    assert found.runner_up[0] == pytest.approx(1.0, abs=FP16)


def test_no_probes_no_rows_and_another_models_are_refused(build: Build) -> None:
    index = build(enrolled(["Ada"] * 700, units(7, 700)))
    assert len(index.search(Embeddings.empty(MODEL))) == 0
    with pytest.raises(FingerprintError, match="gallery reembed"):
        index.search(probes(units(9, 1), model="edgeface_base-913d1d769d57"))
