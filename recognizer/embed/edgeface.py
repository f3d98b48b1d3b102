"""EdgeFace, the default embedding network, in its six published variants.

George, Ecabert, Otroshi Shahreza, Kotwal, Marcel: "EdgeFace: Efficient Face Recognition Model for Edge Devices",
IEEE T-BIOM 2024, https://arxiv.org/abs/2307.01838. The body is EdgeNeXt (Maaz et al. 2022) as timm builds it; in the
gamma variants every linear layer outside the head is replaced by two of low rank. In the ``_q`` checkpoints the
linear layers are stored as int8; they are dequantised on reading, so that one fp32 network serves all six.

Input: (B, 3, 112, 112) float32 RGB, ``(pixel / 255 - 0.5) / 0.5``. Output: (B, 512) float32, not normalised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
from torch import Tensor, nn

from recognizer.embed.statedict import fill, read_checkpoint
from recognizer.errors import WeightsError

EMBEDDING_SIZE = 512
INPUT_SIZE_PX = 112


@dataclass(frozen=True, slots=True)
class Variant:
    """Parameters of one published network."""

    backbone: str
    """Name of the EdgeNeXt in timm."""
    rank_ratio: float | None = None
    """Rank of the factored linear layers as a share of their smaller side; ``None``: not factored."""
    int8_linears: bool = False
    """The published checkpoint stores its linear layers as int8."""


VARIANTS: dict[str, Variant] = {
    "edgeface_base": Variant("edgenext_base"),
    "edgeface_s_gamma_05": Variant("edgenext_small", rank_ratio=0.5),
    "edgeface_xs_gamma_06": Variant("edgenext_x_small", rank_ratio=0.6),
    "edgeface_xs_q": Variant("edgenext_x_small", int8_linears=True),
    "edgeface_xxs": Variant("edgenext_xx_small"),
    "edgeface_xxs_q": Variant("edgenext_xx_small", int8_linears=True),
}


class LowRankLinear(nn.Module):
    """A linear layer factored into two of low rank (EdgeFace, section III-B)."""

    def __init__(self, in_features: int, out_features: int, rank_ratio: float, bias: bool = True) -> None:
        super().__init__()
        rank = max(2, int(min(in_features, out_features) * rank_ratio))
        self.linear1 = nn.Linear(in_features, rank, bias=False)
        self.linear2 = nn.Linear(rank, out_features, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        out: Tensor = self.linear2(self.linear1(x))
        return out


class EdgeFace(nn.Module):
    """An EdgeNeXt with a 512-wide head; its state-dict keys are those of the published checkpoints."""

    model: Any  # timm is not typed

    def __init__(self, backbone: str, rank_ratio: float | None = None) -> None:
        super().__init__()
        self.model = timm.create_model(backbone)
        self.model.reset_classifier(EMBEDDING_SIZE)
        if rank_ratio is not None:
            _make_low_rank(self.model, rank_ratio)

    def forward(self, x: Tensor) -> Tensor:
        """Embed (B, 3, 112, 112) normalised RGB; returns (B, 512), not of unit length."""
        out: Tensor = self.model(x)
        return out


def _make_low_rank(module: nn.Module, rank_ratio: float) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(
                module, name, LowRankLinear(child.in_features, child.out_features, rank_ratio, child.bias is not None)
            )
        else:
            _make_low_rank(child, rank_ratio)


def create(name: str) -> EdgeFace:
    """Build one of the six variants with random weights.

    Raises:
        WeightsError: if there is no variant of that name.
    """
    try:
        variant = VARIANTS[name]
    except KeyError:
        raise WeightsError(f"No EdgeFace variant {name!r}; there are: {', '.join(VARIANTS)}.") from None
    return EdgeFace(variant.backbone, variant.rank_ratio).eval()


def load(name: str, path: Path) -> EdgeFace:
    """Build a variant and fill it from a checkpoint in the published layout.

    Nothing in the file is executed: it is always read with ``weights_only=True``.

    Raises:
        WeightsError: if the file is no checkpoint, holds more than tensors, or belongs to another network.
    """
    network = create(name)
    fill(network, dequantise(read_checkpoint(path)), name=name, path=path)
    return network.eval()


def dequantise(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Convert the packed int8 linears of a ``_q`` checkpoint to fp32 weights; keep fp32 entries."""
    packed = "._packed_params._packed_params"
    beside = ("._packed_params.dtype", ".scale", ".zero_point")
    linears = {key.removesuffix(packed) for key in state if key.endswith(packed)}
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith(packed):
            layer = key.removesuffix(packed)
            weight, bias = value
            out[f"{layer}.weight"] = weight.dequantize() if weight.is_quantized else weight
            if bias is not None:
                out[f"{layer}.bias"] = bias.detach()
        elif isinstance(value, Tensor) and not any(key == layer + tail for layer in linears for tail in beside):
            out[key] = value
    return out
