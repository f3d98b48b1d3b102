from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

from recognizer.detect import nets

from .nets_here import net

CLASSES = {"pnet": PNet, "rnet": RNet, "onet": ONet}


@pytest.mark.parametrize(("name", "shape"), [("pnet", (47, 61)), ("rnet", (24, 24)), ("onet", (48, 48))])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_shipped_graphs_are_facenet_pytorchs_nets(name: str, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (3, *shape, 3)).astype(np.float32)
    rgb = torch.from_numpy(pixels[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        *regressions, probabilities = CLASSES[name]()((rgb - 127.5) * 0.0078125)
    outputs = net(name).run(pixels)
    wanted = [*regressions, probabilities[:, 1]]
    for label, expected in zip(nets.OUTPUTS[name], wanted, strict=True):
        np.testing.assert_allclose(outputs[label], expected.numpy(), atol=nets.MAX_ABSOLUTE_ERROR)


@pytest.mark.slow
def test_conversion_reproduces_the_shipped_graphs(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, 3)).astype(np.float32)
    from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner

    for path in nets.convert(tmp_path):
        name = path.stem.removeprefix("mtcnn_")
        inputs = pixels[:, :24, :24] if name == "rnet" else pixels
        fresh = OnnxRuntimeRunner(path, threads=1).run(inputs)
        for label, values in net(name).run(inputs).items():
            np.testing.assert_allclose(fresh[label], values, atol=1e-4)
