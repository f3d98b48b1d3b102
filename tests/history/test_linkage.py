from __future__ import annotations

import itertools

import numpy as np
import pytest

from recognizer.history.linkage import Linkage
from recognizer.types import F32
from tests.history.history_records import near, unit


def clusters_of(vectors: list[F32], *, threshold: float, apart: tuple[int, int] | None = None) -> list[set[int]]:
    linkage = Linkage(threshold=threshold)
    for number, vector in enumerate(vectors):
        linkage.put(number, [number], vector[None])
    if apart:
        linkage.set_apart(apart[0], {apart[1]})
    linkage.join(set(range(len(vectors))))
    return sorted((set(members) for members in linkage.members().values()), key=min)


def brute_force(vectors: list[F32], threshold: float) -> list[set[int]]:
    """The same by its definition: join the two clusters with the largest mean similarity, again and again."""
    clusters = [{number} for number in range(len(vectors))]
    while True:
        means = {
            (a, b): float(np.mean([[vectors[i] @ vectors[j] for j in clusters[b]] for i in clusters[a]]))
            for a, b in itertools.combinations(range(len(clusters)), 2)
        }
        if not means or max(means.values()) < threshold:
            return sorted(clusters, key=min)
        a, b = max(means, key=lambda pair: means[pair])
        clusters[a] |= clusters[b]
        del clusters[b]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_average_linkage(seed: int) -> None:
    people = [unit(100 * seed + person) for person in range(4)]
    vectors = [near(people[number % 4], 0.75, 5000 + 1000 * seed + number) for number in range(24)]
    assert clusters_of(vectors, threshold=0.45) == brute_force(vectors, 0.45)


def test_faces_that_must_stay_apart_do() -> None:
    vectors = [unit(1), near(unit(1), 0.9, 2), near(unit(1), 0.8, 3)]
    assert clusters_of(vectors, threshold=0.5) == [{0, 1, 2}]
    assert clusters_of(vectors, threshold=0.5, apart=(0, 1)) == [{0, 2}, {1}]


def test_a_fresh_face_joins_an_old_cluster_and_keeps_its_number() -> None:
    linkage = Linkage(threshold=0.5)
    linkage.put(7, [1, 2], np.stack([unit(1), near(unit(1), 0.9, 2)]))
    linkage.put(8, [3], unit(9)[None])
    linkage.put(20, [4], near(unit(1), 0.8, 5)[None])
    linkage.join({20})
    assert {key: list(members) for key, members in linkage.members().items()} == {7: [1, 2, 4], 8: [3]}


def test_old_clusters_are_not_compared_with_each_other() -> None:
    linkage = Linkage(threshold=0.5)
    linkage.put(1, [1], unit(1)[None])
    linkage.put(2, [2], unit(1)[None])
    linkage.put(3, [3], unit(5)[None])
    linkage.join({3})
    assert sorted(linkage.members()) == [1, 2, 3]


def test_a_fresh_face_between_two_old_clusters_does_not_join_them() -> None:
    linkage = Linkage(threshold=0.5)
    linkage.put(1, [1], unit(1)[None])
    linkage.put(2, [2], near(unit(1), 0.95, 2)[None])
    linkage.put(-1, [3], unit(1)[None])
    linkage.join({-1})
    assert {key: list(members) for key, members in linkage.members().items()} == {1: [1, 3], 2: [2]}
