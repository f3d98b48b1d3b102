"""Each margin against a second derivation and against finite differences; all of them at the edges."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from recognizer.train.embedder import heads

COSINES = np.array([-0.999, -0.9, -0.7, -0.31, 0.0, 0.2, 0.55, 0.83, 0.97, 0.9995])
NORMS = np.linspace(12.0, 100.0, len(COSINES))
NOISE = np.linspace(-1.5, 1.5, len(COSINES))


def turned(cosine: float, radians: float) -> float:
    """cos(theta + radians) as the real part of a product of complex numbers; below -1 once past half a turn."""
    point = complex(cosine, math.sqrt(1 - cosine**2)) * complex(math.cos(radians), math.sin(radians))
    return point.real if math.acos(cosine) + radians <= math.pi else -point.real - 2


def multiplied(cosine: float, twice_m: int) -> float:
    """cos(m theta) for m a half, by the half-angle formula and Chebyshev's recurrence; psi past half turns."""
    half = math.sqrt((1 + cosine) / 2)
    before, now = 1.0, half
    for _ in range(twice_m - 1):
        before, now = now, 2 * half * now - before
    turns = sum(math.acos(cosine) * twice_m / 2 > k * math.pi for k in (1, 2, 3))
    return float((-1) ** turns * now - 2 * turns)


def magface_margin(norm: float) -> float:
    return 0.45 + (0.8 - 0.45) * (norm - 10) / 100


SECOND: list[tuple[heads.Head, Callable[[float, float, float], float]]] = [
    (heads.SphereFace(), lambda c, a, z: multiplied(c, 3)),
    (heads.SphereFace(margin=4.0), lambda c, a, z: multiplied(c, 8)),
    (heads.CosFace(), lambda c, a, z: c - 0.35),
    (heads.ArcFace(), lambda c, a, z: turned(c, 0.5)),
    (heads.Combined(), lambda c, a, z: turned(c, 0.3) - 0.2),
    (heads.MagFace(), lambda c, a, z: turned(c, magface_margin(a))),
    (heads.ElasticArcFace(), lambda c, a, z: turned(c, 0.5 + 0.05 * z)),
    (heads.ElasticCosFace(), lambda c, a, z: c - 0.35 - 0.05 * z),
]
EVERY = [head() for head in heads.HEADS.values()]


def targets(head: heads.Head, cosines: np.ndarray[tuple[int], np.dtype[np.float64]]) -> torch.Tensor:
    return head.target(*(torch.tensor(values).float() for values in (cosines, NORMS, NOISE)))


@pytest.mark.parametrize(("head", "second"), SECOND, ids=lambda value: type(value).__name__)
def test_the_formula_derived_a_second_time(head: heads.Head, second: Callable[[float, float, float], float]) -> None:
    wanted = [second(c, a, z) for c, a, z in zip(COSINES, NORMS, NOISE, strict=True)]
    assert targets(head, COSINES).numpy() == pytest.approx(np.array(wanted), abs=2e-4)


@pytest.mark.parametrize("head", EVERY, ids=lambda head: type(head).__name__)
def test_the_slope_is_the_difference_quotient(head: heads.Head) -> None:
    cosines = torch.tensor(COSINES[1:-1]).float().requires_grad_()
    others = (torch.tensor(NORMS[1:-1]).float(), torch.tensor(NOISE[1:-1]).float())
    (slope,) = torch.autograd.grad(head.target(cosines, *others).sum(), cosines)
    step = 1e-3
    with torch.no_grad():
        rise = head.target(cosines + step, *others) - head.target(cosines - step, *others)
    assert slope.numpy() == pytest.approx((rise / (2 * step)).numpy(), rel=0.01)


def test_magface_slopes_with_the_length_too() -> None:
    head = heads.MagFace()
    norms = torch.tensor([20.0, 60.0, 100.0], requires_grad=True)
    cosines, noise = torch.tensor([0.1, 0.5, 0.8]), torch.zeros(3)

    def loss(lengths: torch.Tensor) -> torch.Tensor:
        return head.target(cosines, lengths, noise).sum() + head.penalty(lengths)

    (slope,) = torch.autograd.grad(loss(norms), norms)
    for row in range(3):
        step = torch.zeros(3)
        step[row] = 0.5
        with torch.no_grad():
            wanted = (loss(norms + step) - loss(norms - step)).item()
        assert slope[row].item() == pytest.approx(wanted, rel=0.02, abs=2e-5)


def test_magface_likes_long_vectors_best_and_says_nothing_beyond_its_bounds() -> None:
    penalty = heads.MagFace(weight=1.0).penalty
    lengths = [10.0, 50.0, 109.0, 110.0]
    values = [penalty(torch.tensor([a])).item() for a in lengths]
    assert values == pytest.approx([1 / a + a / 110**2 for a in lengths])
    assert values == sorted(values, reverse=True)
    assert penalty(torch.tensor([5.0])) == penalty(torch.tensor([10.0]))
    assert [h.penalty(torch.tensor([5.0])).item() for h in EVERY if not isinstance(h, heads.MagFace)] == [0.0] * 6


@pytest.mark.parametrize("head", EVERY, ids=lambda head: type(head).__name__)
def test_a_margin_falls_with_the_angle_without_a_jump_and_is_never_kind(head: heads.Head) -> None:
    cosines = torch.linspace(1, -1, 20001)
    still = torch.full_like(cosines, 40.0), torch.zeros_like(cosines)
    logits = head.target(cosines, *still)
    steps = logits.diff()
    assert bool((steps <= 1e-6).all())
    assert steps[1:-1].abs().max() < 0.02, "a jump"
    assert bool((logits <= cosines + 2e-3).all())


@pytest.mark.parametrize("head", EVERY, ids=lambda head: type(head).__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_edges_are_safe(head: heads.Head, dtype: torch.dtype) -> None:
    edges = torch.tensor([1.0, -1.0, 1.004, -1.004, 0.99999994, 0.0]).to(dtype).requires_grad_()
    logits = head.target(edges, torch.full((6,), 30.0), torch.zeros(6))
    loss = functional.softplus(-head.scale * logits).sum()
    (slope,) = torch.autograd.grad(loss, edges)
    assert bool(torch.isfinite(logits).all())
    assert bool(torch.isfinite(slope).all())


def test_combined_holds_the_other_three() -> None:
    assert torch.equal(targets(heads.Combined(plus=0.5, minus=0.0), COSINES), targets(heads.ArcFace(), COSINES))
    sphere = heads.Combined(times=1.5, plus=0.0, minus=0.0)
    assert torch.equal(targets(sphere, COSINES), targets(heads.SphereFace(), COSINES))
    cosine = targets(heads.Combined(plus=0.0, minus=0.35), COSINES)
    assert cosine.numpy() == pytest.approx(targets(heads.CosFace(), COSINES).numpy(), abs=1e-5)
