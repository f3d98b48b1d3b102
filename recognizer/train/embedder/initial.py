"""The weights a training begins with: those of a graph that ships, read back into the torch network.

A graph keeps its weights as initialisers; ours are stored in half precision, with ``.half`` behind the name. An
EdgeFace is exported as ``embed.channels_first``, where affine parts of norms and layer scales are folded into other
layers; they are unfolded into another network that computes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from torch import Tensor, nn

from recognizer.embed.edgeface import EdgeFace
from recognizer.embed.statedict import fill
from recognizer.errors import WeightsError
from recognizer.train.embedder.ship import HALF_SUFFIX


def fill_from_graph(network: nn.Module, graph: Path, *, name: str) -> None:
    """Fill a network with the weights of its own graph.

    Args:
        network: is filled; of an EdgeFace the layer scales stay where the graph has them folded.
        graph: an ONNX file that ``ship.write_graph`` wrote at 112 px.
        name: of the network, for the message.

    Raises:
        WeightsError: if the file is no graph, or holds another network.
    """
    weights = weights_of(graph)
    if isinstance(network, EdgeFace):
        with torch.no_grad():
            weights = dict(_unfolded(network.model, weights))
    fill(network, weights, name=name, path=graph)


def weights_of(graph: Path) -> dict[str, Tensor]:
    """The weights in a graph by the names of their layers, float32.

    Raises:
        WeightsError: if the file is no ONNX graph.
    """
    try:
        model = onnx.load(graph)
    except (OSError, DecodeError) as error:
        raise WeightsError(f"{graph} is no readable ONNX graph ({error}).") from error
    return {
        stored.name.removesuffix(HALF_SUFFIX): torch.from_numpy(np.array(numpy_helper.to_array(stored), np.float32))
        for stored in model.graph.initializer
    }


def _unfolded(model: Any, folded: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The names and weights of timm's network: ``channels_first`` read backwards.

    A weight that the graph lacks is skipped. It lacks whole blocks where these changed nothing; then what follows has
    the wrong shapes, and ``fill`` says so.
    """
    moved = {"stem.0": "stem", "stem.1": "norm", "head.norm": "head_norm", "head.fc": "head"}
    scaled: dict[str, Tensor] = {}
    number = 0
    for s, stage in enumerate(model.stages):
        if not isinstance(stage.downsample, nn.Identity):
            moved |= {f"stages.{s}.downsample.{part}": f"body.{number + part}" for part in (0, 1)}
            number += 2
        for b, block in enumerate(stage.blocks):
            timm, ours = f"stages.{s}.blocks.{b}", f"body.{number}"
            moved |= {f"{timm}.mlp.fc1": f"{ours}.mlp.first", f"{timm}.mlp.fc2": f"{ours}.mlp.second"}
            scaled[f"{timm}.mlp.fc2"] = block.gamma
            if hasattr(block, "xca"):
                moved |= {f"{timm}.convs.{part}": f"{ours}.convs.{part}" for part in range(len(block.convs))}
                moved |= {f"{timm}.xca.qkv": f"{ours}.qkv", f"{timm}.xca.proj": f"{ours}.projection"}
                scaled[f"{timm}.xca.proj"] = block.gamma_xca
                if f"{ours}.temperature" in folded:
                    yield f"model.{timm}.xca.temperature", folded[f"{ours}.temperature"]
                if f"{ours}.position" in folded and block.pos_embd is not None:
                    yield from _position(f"model.{timm}.pos_embd.token_projection", block.pos_embd, folded, ours)
            else:
                moved[f"{timm}.conv_dw"] = f"{ours}.depthwise"
            number += 1
    wanted = {f"model.{key}": value for key, value in model.state_dict().items()}
    for timm, ours in moved.items():
        for part in ("weight", "bias"):
            key = f"model.{timm}.{part}"
            value = folded.get(f"{ours}.{part}")
            if value is None or key not in wanted or value.numel() != wanted[key].numel():
                continue
            value = value.reshape(wanted.pop(key).shape)
            scale = scaled.get(timm)
            yield key, value if scale is None else value / scale.reshape(-1, *[1] * (value.ndim - 1))
    for key, value in wanted.items():
        layer, _, part = key.rpartition(".")
        if part in ("gamma", "gamma_xca"):
            yield key, value
        elif layer.endswith((".norm", ".norm_xca")):
            yield key, torch.full_like(value, float(part == "weight"))


def _position(key: str, encoding: Any, folded: Mapping[str, Tensor], ours: str) -> Iterator[tuple[str, Tensor]]:
    """The projection whose positions' encoding is the graph's constant, by least squares."""
    wanted = folded[f"{ours}.position"][0]
    features: list[Tensor] = []
    hook = encoding.token_projection.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    encoding((1, *wanted.shape[1:]))
    hook.remove()
    waves = features[0][0].flatten(1).double()
    known = torch.cat([waves, torch.ones_like(waves[:1])]).T
    found = torch.linalg.lstsq(known, wanted.flatten(1).T.double(), driver="gelsd").solution.T.float()
    yield f"{key}.weight", found[:, :-1, None, None].contiguous()
    yield f"{key}.bias", found[:, -1].contiguous()
