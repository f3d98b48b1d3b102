"""IResNet against a second derivation that knows the papers and the official key names, and nothing of our classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from recognizer.embed import convert, iresnet
from recognizer.errors import WeightsError
from tests.embed.seeded import seeded

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""``arcface_torch``: iresnet18 to iresnet100."""
State = Mapping[str, Tensor]


def derived(state: State, x: Tensor, *, layers: int, eps: float = 1e-5) -> Tensor:
    """The network by its formulas, fed from a state dict with the official keys."""

    def norm(x: Tensor, key: str) -> Tensor:
        shape = (1, -1) + (1,) * (x.ndim - 2)
        mean, variance, weight, bias = (
            state[f"{key}.{part}"].reshape(shape) for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(variance + eps) * weight + bias

    def bend(x: Tensor, key: str) -> Tensor:
        slope = state[f"{key}.weight"].reshape(1, -1, 1, 1)
        return torch.where(x > 0, x, slope * x)

    x = bend(norm(F.conv2d(x, state["conv1.weight"], padding=1), "bn1"), "prelu")
    for stage, blocks in enumerate(BLOCKS[layers], 1):
        for number in range(blocks):
            at, stride = f"layer{stage}.{number}", 2 if number == 0 else 1
            out = F.conv2d(norm(x, f"{at}.bn1"), state[f"{at}.conv1.weight"], padding=1)
            out = bend(norm(out, f"{at}.bn2"), f"{at}.prelu")
            out = norm(F.conv2d(out, state[f"{at}.conv2.weight"], stride=stride, padding=1), f"{at}.bn3")
            if number == 0:
                short = F.conv2d(x, state[f"{at}.downsample.0.weight"], stride=2)
                x = out + norm(short, f"{at}.downsample.1")
            else:
                x = out + x
    x = norm(x, "bn2").reshape(len(x), -1)
    return norm(x @ state["fc.weight"].T + state["fc.bias"], "features")


def official_keys(layers: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every key of ``backbone.pth``, with its shape."""

    def norm(key: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from ((f"{key}.{part}", (width,)) for part in ("weight", "bias", "running_mean", "running_var"))
        yield f"{key}.num_batches_tracked", ()

    yield "conv1.weight", (64, 3, 3, 3)
    yield from norm("bn1", 64)
    yield "prelu.weight", (64,)
    before = 64
    for stage, (blocks, width) in enumerate(zip(BLOCKS[layers], (64, 128, 256, 512), strict=True), 1):
        for number in range(blocks):
            at = f"layer{stage}.{number}"
            yield from norm(f"{at}.bn1", before)
            yield f"{at}.conv1.weight", (width, before, 3, 3)
            yield from norm(f"{at}.bn2", width)
            yield f"{at}.prelu.weight", (width,)
            yield f"{at}.conv2.weight", (width, width, 3, 3)
            yield from norm(f"{at}.bn3", width)
            if number == 0:
                yield f"{at}.downsample.0.weight", (width, before, 1, 1)
                yield from norm(f"{at}.downsample.1", width)
            before = width
    yield from norm("bn2", 512)
    yield "fc.weight", (512, 25088)
    yield "fc.bias", (512,)
    yield from norm("features", 512)


def cosines(a: Tensor, b: Tensor) -> Tensor:
    return F.cosine_similarity(a, b)


@pytest.mark.parametrize("layers", BLOCKS)
def test_keys_and_shapes_are_the_official_ones(layers: int) -> None:
    with torch.device("meta"):
        state = iresnet.create(f"iresnet{layers}").state_dict()
    assert {key: tuple(value.shape) for key, value in state.items()} == dict(official_keys(layers))


@pytest.mark.parametrize(
    "layers", [18, 34, pytest.param(50, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.slow)]
)
def test_vectors_are_those_of_the_second_derivation(layers: int, tmp_path: Path) -> None:
    network = seeded(iresnet.create(f"iresnet{layers}"), seed=layers)
    torch.save(network.state_dict(), tmp_path / "backbone.pth")
    loaded = iresnet.load(f"iresnet{layers}", tmp_path / "backbone.pth")
    x = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        came, wanted = loaded(x), derived(network.state_dict(), x, layers=layers)
    torch.testing.assert_close(came, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max()))
    assert float(cosines(came, wanted).min()) > 0.999999
    assert float(cosines(wanted[:1], wanted[1:])) < 0.999  # two faces differ, so that agreement means something


@pytest.mark.parametrize("wrapper", ["features.module.", "module.features."], ids=["one machine", "several"])
def test_a_magface_checkpoint_loads_without_its_classifier(wrapper: str, tmp_path: Path) -> None:
    network = seeded(iresnet.create("magface_iresnet18"))
    state = {f"{wrapper}{key}": value for key, value in network.state_dict().items()}
    head = "fc.weight" if wrapper.startswith("features") else "module.fc.weight"
    content = {"epoch": 25, "arch": "iresnet18", "state_dict": {**state, head: torch.zeros(512, 100)}}
    torch.save(content, tmp_path / "magface_epoch_00025.pth")
    loaded = iresnet.load("magface_iresnet18", tmp_path / "magface_epoch_00025.pth")
    x = torch.rand(1, 3, 112, 112, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        came = loaded(x)
        wanted = derived(network.state_dict(), x, layers=18, eps=2e-5)
        arcfaces = derived(network.state_dict(), x, layers=18, eps=1e-5)
    torch.testing.assert_close(came, wanted, rtol=1e-4, atol=1e-4)
    assert float((wanted - arcfaces).abs().max()) > 4 * float((came - wanted).abs().max())  # its own eps counts


def test_a_checkpoint_of_several_processes_loads(tmp_path: Path) -> None:
    network = seeded(iresnet.create("iresnet18"))
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, tmp_path / "backbone.pth")
    loaded = iresnet.load("iresnet18", tmp_path / "backbone.pth").state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in network.state_dict().items())


def test_wrong_files_are_refused_by_their_keys_and_shapes(tmp_path: Path) -> None:
    small = iresnet.create("iresnet18").state_dict()
    torch.save(small, tmp_path / "backbone.pth")
    with pytest.raises(WeightsError, match=r"does not hold iresnet34: 144 missing \(layer1\.2\.bn1\.weight, "):
        iresnet.load("iresnet34", tmp_path / "backbone.pth")
    torch.save({**small, "fc.weight": torch.zeros(256, 25088), "extra": torch.zeros(1)}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError) as caught:
        iresnet.load("iresnet18", tmp_path / "odd.pth")
    assert "1 unexpected (extra)" in str(caught.value)
    assert "1 other shape (fc.weight: wanted (512, 25088), got (256, 25088))" in str(caught.value)
    torch.save({**small, "fc.weight": "words"}, tmp_path / "words.pth")
    with pytest.raises(WeightsError, match=r"fc\.weight is a str, no tensor"):
        iresnet.load("iresnet18", tmp_path / "words.pth")
    with pytest.raises(WeightsError, match="No IResNet variant 'iresnet7'; there are: iresnet18"):
        iresnet.create("iresnet7")
    with pytest.raises(ValueError, match="wanted one of 18, 34, 50, 100 layers, got 7"):
        iresnet.IResNet(7)


def test_dropout_and_width_are_for_training() -> None:
    with torch.device("meta"):
        network = iresnet.IResNet(18, embedding_size=128, dropout=0.4)
        assert network(torch.zeros(2, 3, 112, 112)).shape == (2, 128)
    assert network.dropout.p == 0.4
    assert not network.features.weight.requires_grad


@pytest.mark.slow
def test_the_graph_computes_what_the_network_does(tmp_path: Path) -> None:
    torch.save(seeded(iresnet.create("iresnet50")).state_dict(), tmp_path / "backbone.pth")
    assert np.isfinite(convert.to_onnx("iresnet50", tmp_path / "backbone.pth", tmp_path / "graph.onnx"))
