"""The follow net: one small window says whether there is a face, and where it and its landmarks are.

Plain convolutions, most of which halve the picture. MobileNet's separable ones (which it had) do with fewer
multiplications, but so small a net takes its time for its layers, not for those.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recognizer.detect.follow import WINDOW_PX
from recognizer.train.detection.blocks import convolution

LAYERS = ((16, 2), (32, 2), (32, 1), (64, 2), (64, 2))
"""Channels and stride of each convolution of 3 x 3."""
HIDDEN = 96
PLACES = 14
"""Two corners of the box and five landmarks, x and y of each."""


class FollowNet(nn.Module):
    """Input (B, 40, 40, 3) float32 BGR in [0, 255].

    Output: ``scores`` (B,) in [0, 1] and ``places`` (B, 14), shares of the window: see ``detect.follow``.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, side = 3, WINDOW_PX
        for width, stride in LAYERS:
            layers.append(convolution(before, width, kernel=3, stride=stride))
            before, side = width, -(-side // stride)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * side**2, HIDDEN), nn.ReLU(inplace=True))
        self.head = nn.Linear(HIDDEN, 1 + PLACES)

    def logits(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the scores (B,) and places (B, 14)."""
        out = self.head(self.body((pixels.permute(0, 3, 1, 2) - 127.5) / 128))
        return out[:, 0], out[:, 1:] + 0.5

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        scores, places = self.logits(pixels)
        return torch.sigmoid(scores), places
