"""The follow net: one small window says whether there is a face, and where it and its landmarks are.

Depthwise separable blocks (Howard et al., "MobileNets", 2017) between convolutions that halve the picture; MTCNN's
O-Net, which it stands in for, takes four times the multiplications, most of them at full size.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from recognizer.detect.follow import WINDOW_PX
from recognizer.train.finding.blocks import Residual, convolution

WIDTHS = (16, 32, 64, 128)
BLOCKS = (0, 2, 3, 2)
HIDDEN = 128
PLACES = 14
"""Two corners of the box and five landmarks, x and y of each."""


class FollowNet(nn.Module):
    """Input (B, 48, 48, 3) float32 BGR in [0, 255].

    Output: ``scores`` (B,) in [0, 1] and ``places`` (B, 14), shares of the window: see ``detect.follow``.
    """

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for (before, width), blocks in zip(pairwise((3, *WIDTHS)), BLOCKS, strict=True):
            stages += [convolution(before, width, kernel=3, stride=2), *[Residual(width) for _ in range(blocks)]]
        side = WINDOW_PX // 2 ** len(WIDTHS)
        self.body = nn.Sequential(*stages, nn.Flatten(), nn.Linear(WIDTHS[-1] * side**2, HIDDEN), nn.ReLU(inplace=True))
        self.head = nn.Linear(HIDDEN, 1 + PLACES)

    def logits(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the scores (B,) and places (B, 14)."""
        out = self.head(self.body((pixels.permute(0, 3, 1, 2) - 127.5) / 128))
        return out[:, 0], out[:, 1:] + 0.5

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        scores, places = self.logits(pixels)
        return torch.sigmoid(scores), places
