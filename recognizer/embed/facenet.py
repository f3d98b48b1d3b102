"""InceptionResnetV1, the network of facenet-pytorch, for faces of 160 px.

Szegedy, Ioffe, Vanhoucke, Alemi: "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
AAAI 2017, https://arxiv.org/abs/1602.07261, figures 10 to 14, as David Sandberg trained it and facenet-pytorch
ported it. State-dict keys are facenet-pytorch's, so that its files load key for key.

Input: (B, 3, 160, 160) float32 RGB, ``(pixel - 127.5) / 128``. Output: (B, 512) float32, not normalised, and the class
logits (B, classes) where the file has a classifier.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from recognizer.embed.statedict import fill, read_checkpoint
from recognizer.errors import WeightsError

EMBEDDING_SIZE = 512
CLASSES: dict[str, int] = {"facenet_vggface2": 8631, "facenet_casia": 10575}
"""The published networks, and the number of people that each was trained on."""
Size = int | tuple[int, int]


class Conv(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Size, stride: int = 1, padding: Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)  # TensorFlow's

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H', W')."""
        return torch.relu(self.bn(self.conv(x)))


class Residual(nn.Module):
    """Residual block: parallel branches, joined by a 1 x 1 convolution, scaled and added to the input.

    Args:
        channels: of input and output.
        joined: channels of all branches together.
        scale: factor of the residual.
        branches: see the blocks below.
        relu: whether a ReLU follows the sum.
    """

    def __init__(self, channels: int, joined: int, scale: float, *branches: nn.Module, relu: bool = True) -> None:
        super().__init__()
        self._branches = [f"branch{number}" for number in range(len(branches))]
        for name, branch in zip(self._branches, branches, strict=True):
            self.add_module(name, branch)
        self.conv2d = nn.Conv2d(joined, channels, 1)
        self._scale, self._relu = scale, relu

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to the same shape."""
        found = torch.cat([self.get_submodule(name)(x) for name in self._branches], 1)
        out: Tensor = self.conv2d(found) * self._scale + x
        return torch.relu(out) if self._relu else out


class Reduction(nn.Module):
    """Parallel branches of stride 2 and a pooling, concatenated."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self._branches = [f"branch{number}" for number in range(len(branches) + 1)]
        for name, branch in zip(self._branches, [*branches, nn.MaxPool2d(3, stride=2)], strict=True):
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, more channels, H / 2, W / 2)."""
        return torch.cat([self.get_submodule(name)(x) for name in self._branches], 1)


def _block_35(scale: float) -> Residual:
    third = nn.Sequential(Conv(256, 32, 1), Conv(32, 32, 3, padding=1), Conv(32, 32, 3, padding=1))
    return Residual(
        256, 96, scale, Conv(256, 32, 1), nn.Sequential(Conv(256, 32, 1), Conv(32, 32, 3, padding=1)), third
    )


def _block_17(scale: float) -> Residual:
    thin = (Conv(128, 128, (1, 7), padding=(0, 3)), Conv(128, 128, (7, 1), padding=(3, 0)))
    return Residual(896, 256, scale, Conv(896, 128, 1), nn.Sequential(Conv(896, 128, 1), *thin))


def _block_8(scale: float, relu: bool = True) -> Residual:
    thin = (Conv(192, 192, (1, 3), padding=(0, 1)), Conv(192, 192, (3, 1), padding=(1, 0)))
    return Residual(1792, 384, scale, Conv(1792, 192, 1), nn.Sequential(Conv(1792, 192, 1), *thin), relu=relu)


class InceptionResnetV1(nn.Module):
    """The whole network.

    Args:
        classes: number of people of the classifier; ``None``: without a classifier.
    """

    def __init__(self, classes: int | None = None) -> None:
        super().__init__()
        stride_2 = partial(Conv, kernel=3, stride=2)
        self.conv2d_1a = stride_2(3, 32)
        self.conv2d_2a = Conv(32, 32, 3)
        self.conv2d_2b = Conv(32, 64, 3, padding=1)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = Conv(64, 80, 1)
        self.conv2d_4a = Conv(80, 192, 3)
        self.conv2d_4b = stride_2(192, 256)
        self.repeat_1 = nn.Sequential(*(_block_35(0.17) for _ in range(5)))
        self.mixed_6a = Reduction(
            stride_2(256, 384), nn.Sequential(Conv(256, 192, 1), Conv(192, 192, 3, padding=1), stride_2(192, 256))
        )
        self.repeat_2 = nn.Sequential(*(_block_17(0.10) for _ in range(10)))
        self.mixed_7a = Reduction(
            nn.Sequential(Conv(896, 256, 1), stride_2(256, 384)),
            nn.Sequential(Conv(896, 256, 1), stride_2(256, 256)),
            nn.Sequential(Conv(896, 256, 1), Conv(256, 256, 3, padding=1), stride_2(256, 256)),
        )
        self.repeat_3 = nn.Sequential(*(_block_8(0.20) for _ in range(5)))
        self.block8 = _block_8(1.0, relu=False)
        self.avgpool_1a = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.6)
        self.last_linear = nn.Linear(1792, EMBEDDING_SIZE, bias=False)
        self.last_bn = nn.BatchNorm1d(EMBEDDING_SIZE, eps=0.001)
        self.logits = nn.Linear(EMBEDDING_SIZE, classes) if classes else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Embed (B, 3, 160, 160): (B, 512), not of unit length, and (B, classes) logits if there is a classifier."""
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x)))
        x = self.conv2d_4b(self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(x))))
        x = self.mixed_6a(self.repeat_1(x))
        x = self.mixed_7a(self.repeat_2(x))
        x = self.avgpool_1a(self.block8(self.repeat_3(x)))
        vectors: Tensor = self.last_bn(self.last_linear(self.dropout(x.flatten(1))))
        return vectors if self.logits is None else (vectors, self.logits(vectors))


def create(name: str) -> InceptionResnetV1:
    """Build a published network with random weights.

    Raises:
        WeightsError: if there is none of that name.
    """
    if name not in CLASSES:
        raise WeightsError(f"No facenet-pytorch network {name!r}; there are: {', '.join(CLASSES)}.")
    return InceptionResnetV1(CLASSES[name]).eval()


def load(name: str, path: Path) -> InceptionResnetV1:
    """Build the network and fill it from facenet-pytorch's checkpoint, or a fine-tuned one, with or without classes.

    Raises:
        WeightsError: if the file is no checkpoint, holds more than tensors, or belongs to another network.
    """
    state = read_checkpoint(path)
    head = state.get("logits.weight")
    network = InceptionResnetV1(len(head) if isinstance(head, Tensor) and head.ndim == 2 else None)
    fill(network, state, name=name, path=path)
    return network.eval()
