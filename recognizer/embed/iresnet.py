"""IResNet, the network of ArcFace and MagFace, with 18, 34, 50 or 100 layers.

Deng, Guo, Xue, Zafeiriou: "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019,
https://arxiv.org/abs/1801.07698; the blocks are those of Duta, Liu, Zhu, Shao: "Improved Residual Networks", ICPR 2020,
https://arxiv.org/abs/2004.04989. State-dict keys are those of InsightFace's ``arcface_torch``
(``backbones/iresnet.py``), so its ``backbone.pth`` files load key for key; those of MagFace (Meng, Zhao, Huang, Zhou:
"MagFace: A Universal Representation for Face Recognition and Quality Assessment", CVPR 2021) after
their training's key prefixes are removed.

Input: (B, 3, 112, 112) float32, RGB in [-1, 1] for ArcFace, BGR in [0, 1] for MagFace. Output: (B, embedding size)
float32, not normalised; its length is MagFace's measure of quality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from recognizer.embed.statedict import fill, read_checkpoint
from recognizer.errors import WeightsError

EMBEDDING_SIZE = 512
INPUT_SIZE_PX = 112
DEPTHS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 14, 3),
    100: (3, 13, 30, 3),
}
"""Layers to residual blocks in each of the four stages."""
WIDTHS = (64, 128, 256, 512)
"""Channels of the four stages."""


class Block(nn.Module):
    """Norm, convolution, norm, PReLU, convolution, norm, residual; the second convolution has the stride."""

    def __init__(self, in_channels: int, channels: int, stride: int, eps: float) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels, eps=eps)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, eps=eps)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels, eps=eps)
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels, eps=eps),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, channels, H / stride, W / stride)."""
        out = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        kept: Tensor = x if self.downsample is None else self.downsample(x)
        added: Tensor = self.bn3(self.conv2(out)) + kept
        return added


class IResNet(nn.Module):
    """Four stages, each of stride 2, then one linear layer over the last feature map.

    Args:
        layers: 18, 34, 50 or 100.
        embedding_size: width of the output.
        dropout: share of the last feature map that is zeroed in training.
        eps: of every batch normalisation: ``arcface_torch`` has 1e-5, MagFace 2e-5.
    """

    def __init__(
        self, layers: int, *, embedding_size: int = EMBEDDING_SIZE, dropout: float = 0.0, eps: float = 1e-5
    ) -> None:
        if layers not in DEPTHS:
            raise ValueError(f"IResNet: wanted one of {', '.join(map(str, DEPTHS))} layers, got {layers}.")
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0], eps=eps)
        self.prelu = nn.PReLU(WIDTHS[0])
        inputs = (WIDTHS[0], *WIDTHS)
        for stage, (depth, width) in enumerate(zip(DEPTHS[layers], WIDTHS, strict=True)):
            setattr(self, f"layer{stage + 1}", _stage(inputs[stage], width, depth, eps))
        self.bn2 = nn.BatchNorm2d(WIDTHS[-1], eps=eps)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(WIDTHS[-1] * (INPUT_SIZE_PX // 16) ** 2, embedding_size)
        self.features = nn.BatchNorm1d(embedding_size, eps=eps)
        self.features.weight.requires_grad = False  # the loss has a scale of its own
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.1)  # as in arcface_torch

    def forward(self, x: Tensor) -> Tensor:
        """Embed (B, 3, 112, 112); returns (B, embedding size), not of unit length."""
        x = self.prelu(self.bn1(self.conv1(x)))
        for stage in range(len(WIDTHS)):
            x = getattr(self, f"layer{stage + 1}")(x)
        x = self.dropout(self.bn2(x).flatten(1))
        out: Tensor = self.features(self.fc(x))
        return out


def _stage(in_channels: int, channels: int, depth: int, eps: float) -> nn.Sequential:
    """Build ``depth`` blocks, the first with stride 2."""
    blocks = [Block(in_channels, channels, 2, eps)]
    blocks += [Block(channels, channels, 1, eps) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)


@dataclass(frozen=True, slots=True)
class Variant:
    """Parameters of one published kind of checkpoint."""

    layers: int
    eps: float = 1e-5


VARIANTS: dict[str, Variant] = {f"iresnet{layers}": Variant(layers) for layers in DEPTHS} | {
    f"magface_iresnet{layers}": Variant(layers, eps=2e-5) for layers in DEPTHS
}
_WRAPPERS = ("features.module.", "module.features.")
"""Key prefixes of MagFace's checkpoints, from training on one machine and on several."""
_HEADS = frozenset({"fc.weight", "module.fc.weight"})
"""MagFace's class centres, which embedding does not use."""


def create(name: str) -> IResNet:
    """Build a variant with random weights.

    Raises:
        WeightsError: if there is no variant of that name.
    """
    try:
        variant = VARIANTS[name]
    except KeyError:
        raise WeightsError(f"No IResNet variant {name!r}; there are: {', '.join(VARIANTS)}.") from None
    return IResNet(variant.layers, eps=variant.eps).eval()


def load(name: str, path: Path) -> IResNet:
    """Build a variant and fill it from an official checkpoint: ``backbone.pth`` of ArcFace, or MagFace's ``.pth``.

    Raises:
        WeightsError: if the file is no checkpoint, holds more than tensors, or belongs to another network.
    """
    network = create(name)
    fill(network, unwrapped(read_checkpoint(path)), name=name, path=path)
    return network.eval()


def unwrapped(state: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the key prefixes of DataParallel or MagFace's classifier."""
    for wrapper in _WRAPPERS:
        if f"{wrapper}conv1.weight" in state:  # the network also has a layer called features
            return {key.removeprefix(wrapper): value for key, value in state.items() if key not in _HEADS}
    if state and all(key.startswith("module.") for key in state):
        return {key.removeprefix("module."): value for key, value in state.items()}
    return dict(state)
