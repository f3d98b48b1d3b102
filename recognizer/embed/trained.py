"""Networks that can be trained, by name, and what a training leaves: a checkpoint that says what it holds.

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
"""Key of a checkpoint under which it says which network it holds."""
BACKBONES = {
    "edgeface_xxs": "edgenext_xx_small",
    "edgeface_xs": "edgenext_x_small",
    "edgeface_s": "edgenext_small",
    "edgeface_base": "edgenext_base",
}
"""The four sizes of EdgeFace, for which a low rank may be chosen; the published variants have theirs."""
INCEPTION = "inception_resnet_v1"
LAST_LAYERS = ("model.head.", "fc.", "features.", "last_linear.", "last_bn.")
"""How the keys of each network's last layer begin: what learns while the body is frozen."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The averaged network at a checkpoint."""

    network: nn.Module
    """Takes faces of 112 px; shrinks them itself if that is how the network learned."""
    size_px: int
    """Side of the picture that the network itself looks at."""
    samples: int
    hours: float
    """Time spent on training steps, over all sessions."""


class Shrink(nn.Module):
    """Averages a square picture down to another size, as OpenCV's ``INTER_AREA`` does, by two products of matrices."""

    weights: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        edges = torch.arange(size_px + 1) * (CROP_SIZE_PX / size_px)
        pixels = torch.arange(CROP_SIZE_PX)
        overlap = torch.minimum(edges[1:, None], pixels + 1.0) - torch.maximum(edges[:-1, None], pixels + 0.0)
        self.register_buffer("weights", overlap.clamp(min=0) * (size_px / CROP_SIZE_PX))

    def forward(self, faces: Tensor) -> Tensor:
        """From (B, 3, 112, 112) to (B, 3, S, S)."""
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
    """What a checkpoint says of its network."""
    return {"name": name, "rank_ratio": rank_ratio, "size_px": size_px}


def snapshot(checkpoint: Path) -> Snapshot:
    """Read the averaged network out of a training checkpoint, which says itself what it holds.

    Raises:
        WeightsError: if there is no checkpoint, or it does not say, or holds something else.
    """
    state = read_checkpoint(checkpoint)
    whole = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    said = whole.get(SELF_DESCRIPTION) if isinstance(whole, Mapping) else None
    if not isinstance(said, Mapping) or {"name", "rank_ratio", "size_px"} - said.keys():
        raise WeightsError(
            f"{checkpoint} does not say which network it holds. If it is from one of our trainings: "
            "python main.py train --config THE_SAME_FILE --export FILE.onnx"
        )
    return averaged(checkpoint, state, str(said["name"]), said["rank_ratio"], int(said["size_px"]))


def averaged_weights(state: Mapping[str, Any]) -> dict[str, Any]:
    """The averaged network's own keys, out of the state of a training."""
    return {key.removeprefix("average."): value for key, value in state.items() if key.startswith("average.")}


def averaged(checkpoint: Path, state: Mapping[str, Any], name: str, rank_ratio: float | None, size_px: int) -> Snapshot:
    """The averaged network from the state of a training.

    Raises:
        WeightsError: if the state is not one of that network in training.
    """
    network = create(name, rank_ratio)
    try:
        network.load_state_dict(averaged_weights(state))
    except RuntimeError as error:
        raise WeightsError(f"{checkpoint} holds no averaged {name}; give the config it was trained with.") from error
    shrinking = network if size_px == CROP_SIZE_PX else nn.Sequential(Shrink(size_px), network)
    return Snapshot(shrinking.eval(), size_px, int(state["samples_seen"]), float(state["seconds"]) / 3600)
