"""Networks that can be trained, and checkpoints that say what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from recognizer.embed import convert, edgeface, trained
from recognizer.errors import WeightsError

SMALL = ["edgeface_xxs", "iresnet18", "inception_resnet_v1"]
LARGE = ["edgeface_xs", "edgeface_s", "edgeface_base", "iresnet34", "iresnet50", "iresnet100"]


def checkpoint(folder: Path, **changes: Any) -> Path:
    """What a training at 64 px leaves behind, as far as a user of it looks."""
    torch.manual_seed(1)
    network = trained.create("edgeface_xxs", 0.4)
    state: dict[str, Any] = {f"average.{key}": value for key, value in network.state_dict().items()}
    state |= {"samples_seen": torch.tensor(4000), "seconds": torch.tensor(1800.0)}
    content = {"state_dict": state, trained.SELF_DESCRIPTION: trained.described("edgeface_xxs", 0.4, 64)} | changes
    path = folder / "last.ckpt"
    torch.save({key: value for key, value in content.items() if value is not None}, path)
    return path


@pytest.mark.parametrize("name", [*SMALL, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)])
def test_every_network_gives_vectors_that_are_not_of_unit_length(name: str) -> None:
    network = trained.create(name)
    with torch.inference_mode():
        vectors = network(torch.randn(2, 3, 112, 112))
    assert vectors.shape == (2, 512)
    assert not torch.allclose(vectors.norm(dim=1), torch.ones(2), atol=1e-3)
    assert any(key.startswith(trained.LAST_LAYERS) for key in network.state_dict())


@pytest.mark.long
@pytest.mark.parametrize("name", ["iresnet18", "inception_resnet_v1"])
def test_the_graph_of_a_network_computes_the_same(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    assert convert.export(trained.create(name), tmp_path / "graph.onnx") > 0.99999


def test_any_rank_ratio_makes_a_smaller_edgeface() -> None:
    sizes = [sum(p.numel() for p in trained.create("edgeface_xxs", ratio).parameters()) for ratio in (0.2, 0.5, None)]
    assert sizes == sorted(sizes)
    published = trained.create("edgeface_xs_gamma_06").state_dict()
    assert {key: value.shape for key, value in trained.create("edgeface_xs", 0.6).state_dict().items()} == {
        key: value.shape for key, value in published.items()
    }


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"No network 'vgg' .*edgeface_xxs.*iresnet100, inception_resnet_v1"):
        trained.create("vgg")


def test_a_checkpoint_becomes_a_graph_for_112_px_without_the_file_that_made_it(tmp_path: Path) -> None:
    path = checkpoint(tmp_path)
    taken = trained.snapshot(path)
    assert (taken.size_px, taken.samples, taken.hours) == (64, 4000, 0.5)
    assert convert.to_onnx("last", path, tmp_path / "graph.onnx") > 0.9999


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({trained.SELF_DESCRIPTION: None}, r"does not state its network.*--export"),
        ({trained.SELF_DESCRIPTION: {"name": "edgeface_xxs"}}, "does not state its network"),
        ({trained.SELF_DESCRIPTION: trained.described("iresnet18", None, 112)}, "holds no averaged iresnet18"),
        ({"state_dict": None}, "does not say|holds no averaged"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(WeightsError, match=fault):
        trained.snapshot(checkpoint(tmp_path, **changes))


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "network": edgeface.Variant("x")}, tmp_path / "evil.ckpt")
    with pytest.raises(WeightsError, match="would run code"):
        trained.snapshot(tmp_path / "evil.ckpt")
