"""From a checkpoint to the file that ships: the averaged weights as a graph of half the size, measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from recognizer.embed import convert, trained
from recognizer.embed.embedder import normalised
from recognizer.embed.statedict import read_checkpoint
from recognizer.embed.trained import Snapshot
from recognizer.errors import OutputError, WeightsError
from recognizer.protocols import GraphRunner
from recognizer.train.crops import FaceRows
from recognizer.train.embedder import heldout
from recognizer.train.embedder.comparison import vectors_of
from recognizer.train.embedder.settings import FaceSchedule
from recognizer.whole_files import whole_file

MIN_PARITY = 0.999
"""Smallest cosine between the shipped graph's vectors and the network's; half precision stays above 0.99999."""
CHUNK = 64
HALF_SUFFIX = ".half"
"""Behind the name of a weight that is stored in half precision."""

Engine = Callable[[Path], GraphRunner]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one engine made of the shipped graph on the held-out people."""

    engine: str
    parity: float
    """Smallest cosine to the torch network's vectors."""
    plain: heldout.Score
    mirrored: heldout.Score
    """With each vector averaged with its mirror image's."""


def snapshot(name: str, rank_ratio: float | None, checkpoint: Path, schedule: FaceSchedule) -> Snapshot:
    """Read the averaged network out of a training checkpoint that does not say itself what it holds.

    Args:
        name: of the network.
        rank_ratio: EdgeFace's, where one was chosen.
        checkpoint: of a training.
        schedule: says which picture size the network had come to; at other sizes it is much worse.

    Raises:
        WeightsError: if there is no checkpoint, or it is not one of a training of ``name``.
    """
    state = read_checkpoint(checkpoint)
    seen = int(state.get("samples_seen", 0))
    return trained.averaged(checkpoint, state, name, rank_ratio, schedule.size_px(max(0, seen - 1)))


def write_graph(network: nn.Module, target: Path) -> None:
    """Write the network as an ONNX graph that keeps its weights in half precision and computes in single.

    Raises:
        WeightsError: if the graph does not compute what the network does.
        OutputError: if the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as part:
            convert.export(network, part)
            model = onnx.load(part)
            halve(model)
            onnx.checker.check_model(model)
            onnx.save(model, part)
    except OSError as error:
        raise OutputError(f"The graph {target} cannot be written: {error.strerror or error}.") from error


def halve(model: onnx.ModelProto) -> None:
    """Store every float weight as float16, followed by a cast that engines fold away when they load the graph."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) == 0:
            continue
        name = weight.name
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, f"{name}{HALF_SUFFIX}"))
        casts.append(helper.make_node("Cast", [weight.name], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def measure(
    graph: Path, network: nn.Module, faces: FaceRows, people: heldout.Split, engines: Mapping[str, Engine]
) -> list[Measured]:
    """Run the shipped file on the held-out faces, in every engine.

    Raises:
        WeightsError: if an engine's vectors are not the network's.
    """
    pictures = normalised(np.stack([faces[row] for row in range(len(faces))]))
    mirrors = np.ascontiguousarray(pictures[..., ::-1])
    chunks = range(0, len(pictures), CHUNK)
    wanted = vectors_of(network, faces)
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
        out.append(Measured(name, parity, heldout.verify(plain, people), heldout.verify(both, people)))
    return out
