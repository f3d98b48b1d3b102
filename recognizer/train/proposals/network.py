"""The proposal net: one pass over a small picture finds where faces of all sizes may be.

A fully convolutional detector without anchors: depthwise separable blocks (Howard et al., "MobileNets", 2017), a small
feature pyramid (Lin et al., CVPR 2017), and for each cell of four grids a score and the four distances to the sides of
the face around it (Tian et al., "FCOS", ICCV 2019).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizer.detect.proposals import STRIDES_PX
from recognizer.train.detection.blocks import Residual, convolution, separable

WIDTHS = (16, 32, 48, 64, 64)
BLOCKS = 2
PYRAMID_WIDTH = 32
RARE = -4.0
"""Where scores start, as a logit: few cells see a face (Lin et al., "Focal loss", ICCV 2017)."""
MOST = 6.0
"""Of the logarithm of a distance, in strides."""


class ProposalNet(nn.Module):
    """Input (B, H, W, 3) float32 BGR in [0, 255], H and W multiples of 32.

    Output: ``scores`` (B, N) in [0, 1] and ``distances`` (B, N, 4), px to the left, upper, right and lower side, for
    the N cells of the grids, finest first, each by rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(3, WIDTHS[0], kernel=3, stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(convolution(before, width, kernel=3, stride=2), *[Residual(width) for _ in range(BLOCKS)])
            for before, width in pairwise(WIDTHS)
        )
        self.lateral = nn.ModuleList(convolution(width, PYRAMID_WIDTH) for width in WIDTHS[1:])
        self.smooth = nn.ModuleList(separable(PYRAMID_WIDTH) for _ in STRIDES_PX)
        self.heads = nn.ModuleList(_head() for _ in STRIDES_PX)

    def logits(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the scores (B, N) and distances (B, N, 4) px."""
        x = self.stem((pixels.permute(0, 3, 1, 2) - 127.5) / 128)
        grids = []
        for stage in self.stages:
            x = stage(x)
            grids.append(x)
        above: Tensor | None = None
        scores, distances = [], []
        parts = list(zip(grids, self.lateral, self.smooth, self.heads, STRIDES_PX, strict=True))
        for grid, lateral, smooth, head, stride in reversed(parts):
            merged = lateral(grid)
            if above is not None:
                merged = merged + functional.interpolate(above, scale_factor=2.0, mode="nearest")
            above = merged
            out = head(smooth(merged)).flatten(2)
            scores.append(out[:, 0])
            distances.append(out[:, 1:].clamp(max=MOST).exp().transpose(1, 2) * stride)
        return torch.cat(scores[::-1], 1), torch.cat(distances[::-1], 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        scores, distances = self.logits(pixels)
        return scores.sigmoid(), distances


def _head() -> nn.Conv2d:
    head = nn.Conv2d(PYRAMID_WIDTH, 5, 1)
    nn.init.normal_(head.weight, std=0.01)
    head.bias = nn.Parameter(torch.tensor([RARE, 0.0, 0.0, 0.0, 0.0]))
    return head
