from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from recognizer.embed import edgeface
from recognizer.errors import WeightsError


def test_low_rank_layer_is_the_product_of_two() -> None:
    torch.manual_seed(0)
    layer = edgeface.LowRankLinear(10, 6, rank_ratio=0.5)
    x = torch.randn(3, 10)
    assert layer.linear1.weight.shape == (3, 10)
    wanted = x @ (layer.linear2.weight @ layer.linear1.weight).T + layer.linear2.bias
    torch.testing.assert_close(layer(x), wanted)
    assert edgeface.LowRankLinear(10, 6, rank_ratio=0.1).linear1.out_features == 2


def test_gamma_variants_have_no_whole_linear_layer() -> None:
    with torch.device("meta"):
        network = edgeface.create("edgeface_xs_gamma_06")
    whole = [m for m in network.modules() if type(m) is nn.Linear]
    low_rank = [
        part for m in network.modules() if isinstance(m, edgeface.LowRankLinear) for part in (m.linear1, m.linear2)
    ]
    assert len(whole) == len(low_rank) > 0


def test_unknown_variant_lists_the_six() -> None:
    with pytest.raises(WeightsError, match=r"No EdgeFace variant 'x'; there are: edgeface_base, .*edgeface_xxs_q"):
        edgeface.create("x")


def test_load_wants_the_same_network(tmp_path: Path) -> None:
    path = tmp_path / "file.pt"
    network = edgeface.create("edgeface_xxs")
    torch.save({"state_dict": network.state_dict()}, path)
    loaded = edgeface.load("edgeface_xxs", path)
    x = torch.randn(2, 3, 112, 112)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(x), network(x))
    with pytest.raises(WeightsError, match=r"does not hold edgeface_xs_q: .*other shape"):
        edgeface.load("edgeface_xs_q", path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no readable checkpoint"),
        (b"hello, this is text", "refused|no readable"),
        (b"PK\x03\x04rest", "no readable"),
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        edgeface.load("edgeface_xxs", path)


@pytest.mark.parametrize("write", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, 2))])
def test_malicious_pickle_is_refused_and_not_run(tmp_path: Path, write: Callable[[object, Path], object]) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "executed"),)

    write({"model.stem.0.weight": Payload()}, tmp_path / "file.pt")
    with pytest.raises(WeightsError, match=r"refused: a weight file may hold tensors only.* \(it calls \w+\.mkdir\)"):
        edgeface.load("edgeface_xxs", tmp_path / "file.pt")
    assert not (tmp_path / "executed").exists()


def test_truncated_file(tmp_path: Path) -> None:
    torch.save(edgeface.create("edgeface_xxs").state_dict(), tmp_path / "whole.pt")
    (tmp_path / "half.pt").write_bytes((tmp_path / "whole.pt").read_bytes()[:1_000_000])
    with pytest.raises(WeightsError, match="no readable checkpoint, perhaps truncated"):
        edgeface.load("edgeface_xxs", tmp_path / "half.pt")


def test_missing_file_and_other_content(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="There is no weight file"):
        edgeface.load("edgeface_xxs", tmp_path / "none.pt")
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="holds a list, wanted a mapping"):
        edgeface.load("edgeface_xxs", tmp_path / "list.pt")


def test_dequantise_passes_float_entries() -> None:
    state = {"model.a.weight": torch.ones(2), "model.scale": torch.ones(1)}
    assert edgeface.dequantise(state).keys() == state.keys()


@pytest.mark.weights
@pytest.mark.parametrize("name", ["edgeface_xs_q", "edgeface_xxs_q"])
def test_published_int8_files_fill_the_float_network(shared_data: Path, name: str) -> None:
    network = edgeface.load(name, shared_data / "weights" / f"{name}.pt")
    assert all(p.dtype is torch.float32 for p in network.parameters())
