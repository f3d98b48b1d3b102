from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from recognizer.embed import convert, edgeface
from recognizer.errors import WeightsError
from recognizer.types import F32


def cosines(network: nn.Module, graph: Path, batch: int) -> F32:
    faces = np.random.default_rng(7).uniform(-1, 1, (batch, 3, 112, 112)).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    came = session.run(["vectors"], {"faces": faces})[0]
    with torch.inference_mode():
        wanted = network(torch.from_numpy(faces)).numpy()
    assert came.shape == wanted.shape == (batch, 512)
    cosine: F32 = (came * wanted).sum(1) / np.linalg.norm(came, axis=1) / np.linalg.norm(wanted, axis=1)
    return cosine


def test_graph_computes_what_the_network_does_at_any_batch(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    network = edgeface.create("edgeface_xs_gamma_06")
    torch.save(network.state_dict(), tmp_path / "own.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parity = convert.to_onnx("edgeface_xs_gamma_06", tmp_path / "own.pt", tmp_path / "own.onnx")
    assert parity > convert.MIN_PARITY
    for batch in (1, 2, 7):
        assert cosines(network, tmp_path / "own.onnx", batch).min() > convert.MIN_PARITY
    assert capfd.readouterr() == ("", "")


class Unsteady(nn.Module):
    """Gives other vectors each time: a stand-in for an exporter that went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        sign = torch.where(torch.arange(512) % (self.calls + 1) == 0, -1.0, 1.0)
        return x.flatten(1)[:, :512] * sign


def test_graph_that_computes_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"The converted graph differs from the network: cosine .* 0\.9999"):
        convert.export(Unsteady(), tmp_path / "graph.onnx")
    assert not (tmp_path / "graph.onnx").exists()


@pytest.mark.weights
@pytest.mark.parametrize("name", ["edgeface_xs_q", "edgeface_xxs_q"])
def test_published_weights_survive_conversion(shared_data: Path, tmp_path: Path, name: str) -> None:
    checkpoint = shared_data / "weights" / f"{name}.pt"
    assert convert.to_onnx(name, checkpoint, tmp_path / "graph.onnx") > 0.9999
    assert cosines(edgeface.load(name, checkpoint), tmp_path / "graph.onnx", 4).min() > 0.9999
