"""Semi-hard triplets against a plain triple loop."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from recognizer.train.embedder import triplet


def by_hand(vectors: torch.Tensor, labels: list[int], margin: float) -> float:
    """Each rule as a person would apply it."""
    losses = []
    for a in range(len(labels)):
        others = [(float((vectors[a] - vectors[n]).square().sum()), n) for n in range(len(labels))]
        strangers = [d for d, n in others if labels[n] != labels[a]]
        for positive, p in others:
            if p == a or labels[p] != labels[a] or not strangers:
                continue
            farther = [d for d in strangers if d > positive]
            negative = min(farther) if farther else max(strangers)
            losses.append(max(0.0, positive - negative + margin))
    return sum(losses) / len(losses) if losses else 0.0


def vectors_of(seed: int, count: int = 9, width: int = 4) -> torch.Tensor:
    return functional.normalize(torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 2, 2, 3, 3, 4], [0, 0, 0, 0, 0, 0, 0, 1, 1], [0] * 9, list(range(9))])
def test_the_loss_is_the_one_by_hand(labels: list[int], seed: int) -> None:
    vectors = vectors_of(seed)
    came = triplet.semi_hard(vectors, torch.tensor(labels), margin=0.2)
    assert came.item() == pytest.approx(by_hand(vectors, labels, 0.2), abs=1e-5)


def test_the_gradient_is_the_difference_quotient() -> None:
    vectors = vectors_of(1, count=8).double().requires_grad_()
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    (slope,) = torch.autograd.grad(triplet.semi_hard(vectors, labels, margin=0.2), vectors)
    for place in ((0, 0), (3, 2), (7, 3)):
        step = torch.zeros_like(vectors)
        step[place] = 1e-3
        with torch.no_grad():
            rise = triplet.semi_hard(vectors + step, labels, margin=0.2) - triplet.semi_hard(
                vectors - step, labels, margin=0.2
            )
        assert slope[place].item() == pytest.approx(rise.item() / 2e-3, abs=2e-3)


def test_nothing_to_compare_is_no_loss_and_no_crash() -> None:
    vectors = vectors_of(2).requires_grad_()
    loss = triplet.semi_hard(vectors, torch.zeros(9, dtype=torch.int64), margin=0.2)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0


def test_identical_vectors_are_safe_in_bfloat16() -> None:
    vectors = torch.ones(4, 8, dtype=torch.bfloat16).div(8**0.5).requires_grad_()
    loss = triplet.semi_hard(vectors, torch.tensor([0, 0, 1, 1]), margin=0.2)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(0.2)
    assert vectors.grad is not None
    assert bool(torch.isfinite(vectors.grad).all())
