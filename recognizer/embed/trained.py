"""Build the networks that can be trained, and read the checkpoints of a training, which state their network.

Input: (B, 3, 112, 112) float32 RGB, ``(pixel / 255 - 0.5) / 0.5``. Output: (B, 512) float32, not normalised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recognizer.embed import edgeface
from recognizer.embed.facenet import InceptionResnetV1
from recognizer.embed.iresnet import DEPTHS, IResNet
from recognizer.embed.statedict import read_checkpoint
from recognizer.errors import WeightsError
from recognizer.types import CROP_SIZE_PX

SELF_DESCRIPTION = "network"
"""Key of a checkpoint with the description of its network."""
BACKBONES = {
    "edgeface_xxs": "edgenext_xx_small",
    "edgeface_xs": "edgenext_x_small",
    "edgeface_s": "edgenext_small",
    "edgeface_base": "edgenext_base",
}
"""The four sizes of EdgeFace with a free choice of the rank; the published variants have theirs."""
INCEPTION = "inception_resnet_v1"
LAST_LAYERS = ("model.head.", "fc.", "features.", "last_linear.", "last_bn.")
"""Key prefixes of each network's last layer, which is trained while the body is frozen."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The averaged network at a checkpoint."""

    network: nn.Module
    """Takes faces of 112 px; resizes them itself if it was trained on smaller ones."""
    size_px: int
    """Side of the input that the network was trained on."""
    samples: int
    hours: float
    """Hours of training steps, over all sessions."""


class Shrink(nn.Module):
    """Downscales faces of 112 px as OpenCV's ``INTER_AREA`` does, by two matrix products."""

    weights: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        edges = torch.arange(size_px + 1) * (CROP_SIZE_PX / size_px)
        pixels = torch.arange(CROP_SIZE_PX)
        overlap = torch.minimum(edges[1:, None], pixels + 1.0) - torch.maximum(edges[:-1, None], pixels + 0.0)
        self.register_buffer("weights", overlap.clamp(min=0) * (size_px / CROP_SIZE_PX))

    def forward(self, faces: Tensor) -> Tensor:
        """Map (B, 3, 112, 112) to (B, 3, S, S)."""
        return self.weights @ faces @ self.weights.T


def create(name: str, rank_ratio: float | None = None) -> nn.Module:
    """Build a network with random weights.

    Args:
        name: a size or a published variant of EdgeFace, ``iresnet18``, ``34``, ``50`` or ``100``, or
            ``inception_resnet_v1``, facenet-pytorch's.
        rank_ratio: EdgeFace's; in place of the variant's own.

    Raises:
        WeightsError: if there is no network of that name.
    """
    if name in BACKBONES:
        return edgeface.EdgeFace(BACKBONES[name], rank_ratio).eval()
    if name in edgeface.VARIANTS:
        variant = edgeface.VARIANTS[name]
        return edgeface.EdgeFace(variant.backbone, rank_ratio or variant.rank_ratio).eval()
    depths = {f"iresnet{layers}": layers for layers in DEPTHS}
    if name in depths:
        return IResNet(depths[name]).eval()
    if name == INCEPTION:
        return InceptionResnetV1().eval()
    known = dict.fromkeys([*BACKBONES, *edgeface.VARIANTS, *depths, INCEPTION])
    raise WeightsError(f"No network {name!r} can be trained; there are: {', '.join(known)}.")


def described(name: str, rank_ratio: float | None, size_px: int) -> dict[str, Any]:
    """Return the description of a network for its checkpoint."""
    return {"name": name, "rank_ratio": rank_ratio, "size_px": size_px}


def snapshot(checkpoint: Path) -> Snapshot:
    """Read the averaged network from a training checkpoint.

    Raises:
        WeightsError: if there is no checkpoint, it does not state its network, or holds another one.
    """
    state = read_checkpoint(checkpoint)
    whole = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    description = whole.get(SELF_DESCRIPTION) if isinstance(whole, Mapping) else None
    if not isinstance(description, Mapping) or {"name", "rank_ratio", "size_px"} - description.keys():
        raise WeightsError(
            f"{checkpoint} does not state its network. If 'train' wrote it, export it with its settings: "
            "python main.py train --config THE_SAME_FILE --export FILE.onnx"
        )
    return averaged(checkpoint, state, str(description["name"]), description["rank_ratio"], int(description["size_px"]))


def averaged_weights(state: Mapping[str, Any]) -> dict[str, Any]:
    """Select the averaged network's weights from the state of a training."""
    return {key.removeprefix("average."): value for key, value in state.items() if key.startswith("average.")}


def averaged(checkpoint: Path, state: Mapping[str, Any], name: str, rank_ratio: float | None, size_px: int) -> Snapshot:
    """Build the averaged network from the state of a training.

    Raises:
        WeightsError: if the state is not one of that network.
    """
    network = create(name, rank_ratio)
    try:
        network.load_state_dict(averaged_weights(state))
    except RuntimeError as error:
        raise WeightsError(f"{checkpoint} holds no averaged {name}; pass the config it was trained with.") from error
    shrinking = network if size_px == CROP_SIZE_PX else nn.Sequential(Shrink(size_px), network)
    return Snapshot(shrinking.eval(), size_px, int(state["samples_seen"]), float(state["seconds"]) / 3600)
