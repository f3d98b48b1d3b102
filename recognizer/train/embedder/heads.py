"""Margins: how much more alike its own person a face must be before the loss is content.

All heads share one loss, the softmax over scaled cosines between a face's vector and a centre of each person
(Wang et al., "NormFace", ACM MM 2017): for a face of person y, with theta_j the angle to centre j and scale s,

    L = -log( exp(s * f(theta_y)) / (exp(s * f(theta_y)) + sum over j != y of exp(s * cos theta_j)) )

A head is f, the target's logit, which lies below cos and so asks for a smaller angle. Because a head changes nothing
but the target's logit, any of them works with centres spread over processes (``centres``).

Angles come from cosines that are computed in single precision and kept a hair away from +-1, where the derivative of
arccos is infinite; so vectors in bfloat16, whose cosines may exceed 1, do no harm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

LEAST_GAP = 1e-6
"""Distance that cosines keep from +-1; the slope of arccos is then at most 707."""


class Head(Protocol):
    """Where the target's logit goes."""

    @property
    def scale(self) -> float:
        """s, which all logits are multiplied by."""
        ...

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """f: (B,) cosines of faces to their own centres become logits before scaling.

        Args:
            cosines: (B,) float32.
            norms: (B,) float32, lengths of the faces' vectors.
            noise: (B,) draws from the standard normal distribution, for margins that are random.
        """
        ...

    def penalty(self, norms: Tensor) -> Tensor:
        """What is added to the loss for the vectors' lengths (B,), a scalar."""
        ...


@dataclass(frozen=True, slots=True)
class _PlainLengths:
    """Most heads do not care how long vectors are."""

    def penalty(self, norms: Tensor) -> Tensor:
        """Nothing."""
        return norms.new_zeros(())


@dataclass(frozen=True, slots=True)
class SphereFace(_PlainLengths):
    """A multiplied angle: f = psi(m * theta), with psi(x) = (-1)^k cos(x) - 2k for x in [k pi, (k + 1) pi].

    Liu et al., "SphereFace: Deep hypersphere embedding for face recognition", CVPR 2017, eq. 6 and 7. With vectors
    scaled to one length and a real m, as in the authors' later OpenSphere; the annealing of the first paper is not
    needed then.
    """

    scale: float = 30.0
    margin: float = 1.5

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        return falling_cosine(self.margin * angle(cosines))


@dataclass(frozen=True, slots=True)
class CosFace(_PlainLengths):
    """A margin on the cosine: f = cos(theta) - m.

    Wang et al., "CosFace: Large margin cosine loss for deep face recognition", CVPR 2018, eq. 4.
    """

    scale: float = 64.0
    margin: float = 0.35

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        return cosines - self.margin


@dataclass(frozen=True, slots=True)
class ArcFace(_PlainLengths):
    """A margin on the angle: f = cos(theta + m).

    Deng et al., "ArcFace: Additive angular margin loss for deep face recognition", CVPR 2019, eq. 3. Beyond pi, where
    the cosine would rise again, InsightFace's code jumps to cos(theta) - m sin(m); here the cosine falls on as in
    SphereFace, without a jump.
    """

    scale: float = 64.0
    margin: float = 0.5

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        return falling_cosine(angle(cosines) + self.margin)


@dataclass(frozen=True, slots=True)
class Combined(_PlainLengths):
    """All three margins: f = cos(m1 * theta + m2) - m3.

    Deng et al., ArcFace, eq. 4; the defaults are the paper's best (CM1, table 2).
    """

    scale: float = 64.0
    times: float = 1.0
    """m1, of SphereFace."""
    plus: float = 0.3
    """m2, of ArcFace, radians."""
    minus: float = 0.2
    """m3, of CosFace."""

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        return falling_cosine(self.times * angle(cosines) + self.plus) - self.minus


@dataclass(frozen=True, slots=True)
class MagFace:
    """A margin that grows with the vector's length a: f = cos(theta + m(a)), and a penalty that pulls a up.

    Meng et al., "MagFace: A universal representation for face recognition and quality assessment", CVPR 2021, eq. 4
    to 6: m(a) rises in a straight line from ``least_margin`` at ``shortest`` to ``most_margin`` at ``longest``, and
    g(a) = 1 / a + a / longest^2 is least at ``longest``. So a face that is easy grows long, and length is a quality.
    """

    scale: float = 64.0
    shortest: float = 10.0
    longest: float = 110.0
    least_margin: float = 0.45
    most_margin: float = 0.8
    weight: float = 35.0
    """Of the penalty."""

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        slope = (self.most_margin - self.least_margin) / (self.longest - self.shortest)
        margins = self.least_margin + slope * (self._kept(norms) - self.shortest)
        return falling_cosine(angle(cosines) + margins)

    def penalty(self, norms: Tensor) -> Tensor:
        """``weight`` times the mean of g."""
        lengths = self._kept(norms)
        return self.weight * (1 / lengths + lengths / self.longest**2).mean()

    def _kept(self, norms: Tensor) -> Tensor:
        return norms.clamp(self.shortest, self.longest)


@dataclass(frozen=True, slots=True)
class ElasticArcFace(_PlainLengths):
    """ArcFace with a margin drawn anew for every face: f = cos(theta + E(m, sigma)), E a normal distribution.

    Boutros et al., "ElasticFace: Elastic margin loss for deep face recognition", CVPR workshops 2022, eq. 5.
    """

    scale: float = 64.0
    margin: float = 0.5
    deviation: float = 0.05

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        return falling_cosine(angle(cosines) + self.margin + self.deviation * noise)


@dataclass(frozen=True, slots=True)
class ElasticCosFace(_PlainLengths):
    """CosFace with a margin drawn anew for every face: f = cos(theta) - E(m, sigma).

    Boutros et al., ElasticFace, eq. 6.
    """

    scale: float = 64.0
    margin: float = 0.35
    deviation: float = 0.05

    def target(self, cosines: Tensor, norms: Tensor, noise: Tensor) -> Tensor:
        """See ``Head``."""
        return cosines - self.margin - self.deviation * noise


HEADS: dict[str, type[Head]] = {
    "sphereface": SphereFace,
    "cosface": CosFace,
    "arcface": ArcFace,
    "combined": Combined,
    "magface": MagFace,
    "elastic-arcface": ElasticArcFace,
    "elastic-cosface": ElasticCosFace,
}


def angle(cosines: Tensor) -> Tensor:
    """Radians in (0, pi), with a finite slope everywhere."""
    return torch.arccos(cosines.float().clamp(LEAST_GAP - 1, 1 - LEAST_GAP))


def falling_cosine(angles: Tensor) -> Tensor:
    """The cosine up to pi, and from there on down by two more for every further pi: SphereFace's psi."""
    half_turns = torch.floor(angles.detach() / math.pi).clamp(min=0)
    sign = 1 - 2 * torch.remainder(half_turns, 2)
    return sign * torch.cos(angles) - 2 * half_turns
