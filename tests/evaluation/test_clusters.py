from __future__ import annotations

import itertools

import numpy as np

from recognizer.evaluation.clusters import evaluate, pair_counts
from tests.history.history_records import near, unit


def test_pairs_are_counted_as_by_their_definition() -> None:
    rng = np.random.default_rng(0)
    clusters, people = rng.integers(0, 5, 40), rng.integers(0, 6, 40)
    pairs = list(itertools.combinations(range(40), 2))
    together = [clusters[a] == clusters[b] for a, b in pairs]
    same = [people[a] == people[b] for a, b in pairs]
    both = [one and other for one, other in zip(together, same, strict=True)]
    assert pair_counts(clusters, people) == (sum(both), sum(together), sum(same))


def test_faces_of_one_person_are_one_cluster() -> None:
    people = np.repeat(np.arange(20), 3)
    vectors = np.stack([near(unit(person), 0.8, 100 + number) for number, person in enumerate(people.tolist())])
    [small, everything] = evaluate(vectors, people, threshold=0.4, sizes=[12, None], draws=4)
    assert (small["pictures"], small["people"], small["draws"]) == (12, 4, 4)
    assert (everything["clusters"], everything["precision"], everything["recall"]) == (20, 1.0, 1.0)
    [apart] = evaluate(vectors, people, threshold=0.99, sizes=[None], draws=1)
    assert (apart["clusters"], apart["recall"]) == (60, 0.0)
    [lumped] = evaluate(vectors, people, threshold=-1, sizes=[None], draws=1)
    assert lumped["precision"] < 1
