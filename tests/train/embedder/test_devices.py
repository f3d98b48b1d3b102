"""What no machine here has: tensors that say they lie on a GPU, and refuse to meet those that do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from recognizer.train.embedder import heads, losses
from recognizer.train.embedder.centres import Centres
from recognizer.train.embedder.verification import embed


@pytest.fixture
def pretended() -> Iterator[None]:
    """Tensors without content, of any device."""
    with FakeTensorMode(shape_env=ShapeEnv()):
        yield


def test_faces_go_to_where_the_network_is(pretended: None) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5, device="cuda"))
    found = embed(network, [torch.zeros(2, 3, 2, 2), torch.zeros(1, 3, 2, 2)])
    assert (found.shape, found.device.type) == ((3, 5), "cuda")


@pytest.mark.parametrize("name", heads.HEADS)
def test_centres_and_their_loss_are_where_the_vectors_are(name: str, pretended: None) -> None:
    centres = Centres(people=20, width=8, head=heads.HEADS[name]()).to("cuda")
    loss = centres(torch.zeros(4, 8, device="cuda"), torch.zeros(4, dtype=torch.int64, device="cuda"), 0)
    assert loss.device.type == "cuda"


def test_what_is_distilled_is_where_the_vectors_are(pretended: None) -> None:
    one, two, bank = (torch.zeros(4, 8, device="cuda") for _ in range(3))
    terms = [losses.cosine(one, two), losses.relation(one, two), losses.contrast(one, two, bank, 0.07)]
    assert {term.device.type for term in terms} == {"cuda"}
