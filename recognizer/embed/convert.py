"""Convert a checkpoint to an ONNX graph; the only step before recognition that needs torch.

It uses torch's TorchScript exporter, which takes 1.3 s for XS where the newer one takes 14.7 s (torch 2.14, same
machine); its graphs are no slower in ONNX Runtime or OpenVINO. Raise ``recognizer.models.cache.CONVERTER_VERSION`` with
any change of the output, so that cached graphs are converted again.

`recognizer.models.checkpoints` runs this file as a subprocess, so that a recogniser never loads torch.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from recognizer.embed import networks
from recognizer.embed.channels_first import channels_first
from recognizer.embed.edgeface import EdgeFace
from recognizer.errors import WeightsError
from recognizer.models.catalogue import entry_of
from recognizer.models.resolved_model import TRAINED_SUFFIX
from recognizer.types import CROP_SIZE_PX, F32

OPSET = 17
"""The first opset with LayerNormalization as one node."""
MIN_PARITY = 0.9999
"""Smallest accepted cosine between the vectors of graph and torch network; float noise stays above 0.999999."""

INPUT, OUTPUT = "faces", "vectors"


def to_onnx(name: str, checkpoint: Path, target: Path) -> float:
    """Convert a checkpoint to an fp32 graph and compare their outputs.

    The graph maps ``faces`` (batch, 3, S, S) float32, for EdgeFace 112 px RGB in [-1, 1], to ``vectors`` (batch, 512)
    float32, not of unit length, and to ``logits`` where the network has a classifier; any batch size.

    Args:
        name: the network that the checkpoint holds; a ``.ckpt`` file states it itself.
        checkpoint: a ``.pt`` file in the published layout, or a ``.ckpt`` written by ``train``.
        target: path of the graph, in an existing folder.

    Returns:
        The smallest cosine measured between graph and network.

    Raises:
        WeightsError: if the checkpoint is refused (see ``networks.load``), or graph and network differ; ``target`` is
            removed then.
    """
    with _one_torch_thread():
        if checkpoint.suffix.lower() == TRAINED_SUFFIX:
            from recognizer.embed import trained  # imports more networks than a published file needs

            return export(trained.snapshot(checkpoint).network, target)
        return export(networks.load(name, checkpoint), target, size_px=entry_of(name).spec.crop.size_px)


def export(network: nn.Module, target: Path, *, size_px: int = CROP_SIZE_PX) -> float:
    """Export an embedding network to a graph and compare their outputs; see ``to_onnx``.

    Args:
        network: returns vectors, or vectors and class logits.
        target: path of the graph.
        size_px: side of its input faces.

    Raises:
        WeightsError: if graph and network differ.
    """
    network = network.eval()
    outputs = networks.outputs(network)
    faces = torch.from_numpy(_probes(2, size_px))
    with _one_torch_thread(), warnings.catch_warnings():
        for known in ("You are using the legacy TorchScript-based ONNX export", "The feature will be removed"):
            warnings.filterwarnings("ignore", message=known, category=DeprecationWarning)
        torch.onnx.export(
            channels_first(network, faces) if isinstance(network, EdgeFace) else network,
            (faces,),
            str(target),
            dynamo=False,
            input_names=[INPUT],
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *outputs)},
            opset_version=OPSET,
            verbose=False,
        )
    try:
        with _one_torch_thread():
            parity = _parity(network, target, outputs, size_px)
    except WeightsError:
        target.unlink(missing_ok=True)
        raise
    if not parity > MIN_PARITY:  # NaN must fail too
        target.unlink(missing_ok=True)
        raise WeightsError(
            f"The converted graph differs from the network: cosine {parity:.6f}, wanted more than "
            f"{MIN_PARITY}. The checkpoint may be damaged; fetch it again."
        )
    return parity


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Limit torch to one thread: on two busy cores these small networks take four times as long with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _parity(network: nn.Module, graph: Path, outputs: list[str], size_px: int) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    worst = 1.0
    for batch in (1, 5):
        faces = _probes(batch, size_px)
        with torch.inference_mode():
            given = network(torch.from_numpy(faces))
        given = given if isinstance(given, tuple) else (given,)
        for wanted, came in zip((each.numpy() for each in given), session.run(outputs, {INPUT: faces}), strict=True):
            if came.shape != wanted.shape:
                raise WeightsError(f"The converted graph returns {came.shape}, wanted {wanted.shape}.")
            lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(came, axis=1)
            worst = min(worst, float(np.min((wanted * came).sum(axis=1) / np.maximum(lengths, 1e-12))))
    return worst


def _probes(count: int, size_px: int) -> F32:
    """Make test inputs (count, 3, size, size) in [-1, 1]: even rows noise, odd rows a sketch of a face."""
    rng = np.random.default_rng(0)
    probes = rng.uniform(-1.0, 1.0, (count, 3, size_px, size_px)).astype(np.float32)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) * np.float32(CROP_SIZE_PX / size_px)
    for row in probes[1::2]:
        tilt = rng.uniform(-0.004, 0.004, 2)
        shade = 0.4 + tilt[0] * (x - 56) + tilt[1] * (y - 56)
        for cx, cy, width in ((38, 52, 6), (74, 52, 6), (56, 92, 10)):
            place = rng.uniform(-3, 3, 2)
            shade -= 0.9 * np.exp(-(((x - cx - place[0]) / width) ** 2 + ((y - cy - place[1]) / 4) ** 2))
        row[:] = np.clip(shade + rng.uniform(-0.15, 0.15, (3, 1, 1)) + rng.normal(0, 0.03, row.shape), -1, 1)
    return probes


def main(arguments: list[str]) -> int:
    """``python -m recognizer.embed.convert NAME CHECKPOINT TARGET``: print the parity, or one error message."""
    name, checkpoint, target = arguments
    try:
        parity = to_onnx(name, Path(checkpoint), Path(target))
    except WeightsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{parity!r}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
