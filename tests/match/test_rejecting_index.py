from __future__ import annotations

import datetime as dt

import numpy as np

from recognizer.match.rejecting_index import RejectingIndex
from recognizer.types import F32, Embeddings, Matches
from recognizer.types.rejection import Rejection

AT = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
ADA = np.eye(1, 8, dtype=np.float32)[0]
BOB = np.eye(1, 8, 1, dtype=np.float32)[0]


class TwoPeople:
    """Ada and Bob, each on an axis."""

    def search(self, probes: Embeddings) -> Matches:
        cosines = probes.vectors @ np.stack([ADA, BOB]).T
        ordered = np.sort(cosines, axis=1)
        names = tuple(("Ada", "Bob")[best] for best in cosines.argmax(axis=1).tolist())
        return Matches(names, np.ascontiguousarray(ordered[:, 1]), np.ascontiguousarray(ordered[:, 0]))


def probe(ada: float, bob: float = 0.0, other: float = 0.0) -> F32:
    """A vector of unit length with these cosines to Ada, Bob and a third axis."""
    vector = np.zeros(8, np.float32)
    vector[:3] = ada, bob, other
    vector[3] = np.sqrt(max(0.0, 1 - float(vector @ vector)))
    return vector


def search(index: RejectingIndex, *probes: F32) -> Matches:
    return index.search(Embeddings(np.stack(probes), np.ones(len(probes), np.float32), "model-1"))


def test_a_face_nearer_to_a_rejected_one_matches_nobody() -> None:
    double = probe(0.5, other=0.8)
    index = RejectingIndex(TwoPeople(), [Rejection("Ada", double, AT)])
    found = search(index, double, probe(0.9), probe(0.1, 0.7, 0.6))
    assert found.names == (None, "Ada", "Bob")
    assert found.notes == ("rejected as Ada on 2026-03-03", None, None)
    assert (found.similarities.tolist()[0], found.runner_up.tolist()[0]) == (-1, -1)
    assert found.similarities.tolist()[1:] == np.array([0.9, 0.7], np.float32).tolist()


def test_a_face_nearer_to_the_person_than_to_the_rejected_one_keeps_its_name() -> None:
    index = RejectingIndex(TwoPeople(), [Rejection("Ada", probe(0.5, other=0.8), AT)])
    assert search(index, probe(0.95, other=0.1)).names == ("Ada",)


def test_no_probes() -> None:
    index = RejectingIndex(TwoPeople(), [Rejection("Ada", ADA, AT)])
    empty = index.search(Embeddings(np.zeros((0, 8), np.float32), np.zeros(0, np.float32), "model-1"))
    assert empty.names == ()
