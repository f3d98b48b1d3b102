"""What both networks are built of."""

from __future__ import annotations

from torch import Tensor, nn


class Residual(nn.Module):
    """A depthwise separable convolution beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = separable(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        out: Tensor = x + self.body(x)
        return out


def separable(width: int) -> nn.Sequential:
    """A convolution of each channel, then one of each pixel."""
    return nn.Sequential(convolution(width, width, kernel=3, groups=width, bent=False), convolution(width, width))


def convolution(
    inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1, bent: bool = True
) -> nn.Sequential:
    """A convolution, batch normalisation and, where ``bent``, ReLU."""
    plain = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(plain, nn.BatchNorm2d(outputs), *([nn.ReLU(inplace=True)] if bent else []))
