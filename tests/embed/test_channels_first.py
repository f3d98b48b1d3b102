from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from recognizer.embed import edgeface
from recognizer.embed.channels_first import channels_first
from tests.embed.seeded import seeded


def network(name: str) -> edgeface.EdgeFace:
    made = edgeface.create(name)
    seeded(made)
    return made


def faces(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 112, 112, generator=torch.Generator().manual_seed(1)) * 2 - 1


def blocks(form: nn.Module) -> int:
    return sum(type(layer).__name__ in ("_Attention", "_Convolution") for layer in form.modules())


@pytest.mark.parametrize(("name", "count"), [("edgeface_xxs", 12), ("edgeface_xs_gamma_06", 18), ("edgeface_base", 18)])
def test_the_other_form_computes_the_same(name: str, count: int) -> None:
    original = network(name)
    before = {key: value.clone() for key, value in original.state_dict().items()}
    form = channels_first(original, faces(1))
    assert blocks(form) == count
    with torch.inference_mode():
        torch.testing.assert_close(form(faces(3)), original(faces(3)), rtol=1e-4, atol=1e-4)
    for key, value in original.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_only_a_block_that_adds_nothing_is_left_out() -> None:
    original = network("edgeface_xxs")
    with torch.no_grad():
        original.model.stages[2].blocks[1].gamma.mul_(1e-7)
        original.model.stages[3].blocks[0].gamma.mul_(0.01)
    form = channels_first(original, faces(2))
    assert blocks(form) == 11
    with torch.inference_mode():
        torch.testing.assert_close(form(faces(3)), original(faces(3)), rtol=1e-4, atol=1e-4)


@pytest.mark.weights
@pytest.mark.parametrize(("name", "count"), [("edgeface_xs_q", 17), ("edgeface_xxs_q", 12)])
def test_the_published_xs_q_has_one_idle_block(shared_data: Path, name: str, count: int) -> None:
    original = edgeface.load(name, shared_data / "weights" / f"{name}.pt")
    assert blocks(channels_first(original, faces(2))) == count
