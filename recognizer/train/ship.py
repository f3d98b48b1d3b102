"""From a checkpoint to the file that ships: the averaged weights as a graph of half the size, measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from recognizer.embed import convert, edgeface
from recognizer.embed.embedder import normalised
from recognizer.errors import OutputError, WeightsError
from recognizer.protocols import GraphRunner
from recognizer.train import heldout
from recognizer.train.crops import Crops
from recognizer.train.settings import Schedule
from recognizer.types import CROP_SIZE_PX, F32

MIN_PARITY = 0.999
"""Smallest cosine between the shipped graph's vectors and the network's; half precision stays above 0.99999."""
CHUNK = 64

Engine = Callable[[Path], GraphRunner]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The averaged student at a checkpoint."""

    network: nn.Module
    """Takes faces of 112 px; shrinks them itself if that is how the student learned."""
    size_px: int
    """Side of the picture that the student itself looks at."""
    samples: int
    hours: float
    """Time spent on training steps, over all sessions."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one engine made of the shipped graph on the held-out people."""

    engine: str
    parity: float
    """Smallest cosine to the torch network's vectors."""
    plain: heldout.Score
    mirrored: heldout.Score
    """With each vector averaged with its mirror image's."""


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


def snapshot(name: str, checkpoint: Path, schedule: Schedule) -> Snapshot:
    """Read the averaged student out of a training checkpoint.

    Args:
        name: the EdgeFace variant.
        checkpoint: of a distillation.
        schedule: says which picture size the student had come to; at other sizes it is much worse.

    Raises:
        WeightsError: if there is no checkpoint, or it is not one of a distillation of ``name``.
    """
    state = edgeface.read_checkpoint(checkpoint)
    weights = {key.removeprefix("average."): value for key, value in state.items() if key.startswith("average.")}
    network = edgeface.create(name)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{checkpoint} holds no averaged {name}; give the config it was trained with.") from error
    seen, hours = int(state["samples_seen"]), float(state["seconds"]) / 3600
    size_px = schedule.size_px(max(0, seen - 1))
    whole = network if size_px == CROP_SIZE_PX else nn.Sequential(Shrink(size_px), network)
    return Snapshot(whole.eval(), size_px, seen, hours)


def write_graph(network: nn.Module, target: Path) -> None:
    """Write the network as an ONNX graph that keeps its weights in half precision and computes in single.

    Raises:
        WeightsError: if the graph does not compute what the network does.
        OutputError: if the file cannot be written.
    """
    part = target.with_suffix(".part.onnx")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        convert.export(network, part)
        model = onnx.load(part)
        halve(model)
        onnx.checker.check_model(model)
        onnx.save(model, part)
        os.replace(part, target)
    except OSError as error:
        raise OutputError(f"The graph {target} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def halve(model: onnx.ModelProto) -> None:
    """Store every float weight as float16, followed by a cast that engines fold away when they load the graph."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) == 0:
            continue
        name = weight.name
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, f"{name}.half"))
        casts.append(helper.make_node("Cast", [weight.name], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def measure(
    graph: Path, network: nn.Module, faces: Crops, people: heldout.Split, engines: Mapping[str, Engine]
) -> list[Measured]:
    """Run the shipped file on the held-out faces, in every engine.

    Raises:
        WeightsError: if an engine's vectors are not the network's.
    """
    pictures = normalised(np.stack([faces[row] for row in range(len(faces))]))
    mirrors = np.ascontiguousarray(pictures[..., ::-1])
    chunks = range(0, len(pictures), CHUNK)
    with torch.inference_mode():
        wanted = np.concatenate([_numpy(network(torch.from_numpy(pictures[i : i + CHUNK]))) for i in chunks])
    out = []
    for name, engine in engines.items():
        runner = engine(graph)
        plain, mirrored = (
            np.concatenate([runner.run(part[i : i + CHUNK])[convert.OUTPUT] for i in chunks])
            for part in (pictures, mirrors)
        )
        parity = float((heldout.unit(plain) * heldout.unit(wanted)).sum(axis=1).min())
        if not parity > MIN_PARITY:  # NaN must fail too
            raise WeightsError(
                f"{name} computes other vectors from {graph}: cosine {parity:.5f} > {MIN_PARITY} wanted."
            )
        both = heldout.unit(plain) + heldout.unit(mirrored)
        out.append(Measured(name, parity, heldout.judge(plain, people), heldout.judge(both, people)))
    return out


def _numpy(vectors: Tensor) -> F32:
    return np.asarray(vectors.numpy(), np.float32)
