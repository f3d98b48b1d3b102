"""Partial FC: two processes compute what one does, and a share computes the softmax over its people."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import spawn
from torch.nn import functional

from recognizer.train.embedder import heads
from recognizer.train.embedder.centres import Centres, Learning, _start
from recognizer.train.loop import together

PEOPLE, WIDTH, BATCH = 11, 6, 8
LABELS = torch.tensor([0, 3, 10, 3, 7, 5, 6, 1])
STEPS = 3


def vectors() -> Tensor:
    return 20 * torch.randn(BATCH, WIDTH, generator=torch.Generator().manual_seed(4))


def worked(head: heads.Head, share: float) -> dict[str, Tensor]:
    """A few steps in this process: losses, gradients of this process's vectors, and all centres afterwards."""
    centres = Centres(people=PEOPLE, width=WIDTH, head=head, share=share, seed=2)
    mine = slice(together.rank(), None, together.processes())
    losses, gradients = [], []
    for step in range(STEPS):
        faces = vectors()[mine].requires_grad_()
        loss = centres(faces, LABELS[mine], step)
        loss.backward()
        centres.learn(Learning(), 1.0)
        assert faces.grad is not None
        losses.append(loss.detach())
        gradients.append(together.whole(faces.grad) / together.processes())  # as DistributedDataParallel averages
    mean = torch.stack(losses)
    if together.processes() > 1:  # MagFace's penalty is each process's own; Lightning averages what is logged
        distributed.all_reduce(mean)
    return {"loss": mean / together.processes(), "gradient": torch.stack(gradients), **centres.everywhere()}


CASES: dict[str, tuple[heads.Head, float]] = {
    "arcface": (heads.ArcFace(), 1.0),
    "magface": (heads.MagFace(), 1.0),
    "elastic": (heads.ElasticCosFace(), 1.0),
    "share": (heads.CosFace(), 0.6),
}


def one_of_two(rank: int, port: int, out: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    came = {name: worked(head, share) for name, (head, share) in CASES.items()}
    if rank == 0:
        torch.save(came, out)
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Tensor]]:
    """Every case, worked by two processes over gloo."""
    out = tmp_path_factory.mktemp("two") / "came.pt"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(one_of_two, args=(port, out), nprocs=2)  # type: ignore[no-untyped-call]
    came: dict[str, dict[str, Tensor]] = torch.load(out, weights_only=True)
    return came


@pytest.mark.long
@pytest.mark.parametrize("name", ["arcface", "magface", "elastic"])
def test_two_processes_compute_what_one_does(name: str, of_two: dict[str, dict[str, Tensor]]) -> None:
    wanted, came = worked(*CASES[name]), of_two[name]
    assert came["weight"].shape == (PEOPLE, WIDTH)
    for what in ("loss", "gradient", "weight", "velocity"):
        assert came[what].numpy() == pytest.approx(wanted[what].numpy(), rel=1e-4, abs=1e-5), what


def test_the_loss_is_cross_entropy_with_the_targets_logit_replaced() -> None:
    head = heads.ArcFace(scale=10.0)
    centres = Centres(people=PEOPLE, width=WIDTH, head=head, seed=2)
    faces = vectors().requires_grad_()
    loss = centres(faces, LABELS, 0)
    (gradient,) = torch.autograd.grad(loss, faces, retain_graph=True)
    again = vectors().double().requires_grad_()
    cosines = functional.normalize(again) @ functional.normalize(centres.weight.double()).T
    moved = torch.cos(torch.arccos(cosines) + 0.5)
    target = functional.one_hot(LABELS, PEOPLE).bool()
    wanted = functional.cross_entropy(10 * torch.where(target, moved, cosines), LABELS)
    (second,) = torch.autograd.grad(wanted, again)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert gradient.numpy() == pytest.approx(second.numpy(), rel=1e-3, abs=1e-6)


def test_a_share_takes_everybody_in_the_batch_and_changes_nobody_else() -> None:
    centres = Centres(people=40, width=WIDTH, head=heads.CosFace(), share=0.3, seed=2)
    chosen = centres.chosen(LABELS, 5)
    assert set(LABELS.tolist()) <= set(chosen.tolist())
    assert len(chosen) == 12
    assert chosen.tolist() == centres.chosen(LABELS, 5).tolist()
    assert chosen.tolist() != centres.chosen(LABELS, 6).tolist()
    before = centres.weight.clone()
    loss = centres(vectors(), LABELS, 5)
    loss.backward()
    centres.learn(Learning(), 1.0)
    moved = torch.nonzero((centres.weight != before).any(dim=1)).flatten()
    assert moved.tolist() == chosen.tolist()
    cosines = functional.normalize(vectors()) @ functional.normalize(before[chosen]).T
    columns = torch.searchsorted(chosen, LABELS)
    wanted = functional.cross_entropy(64 * (cosines - 0.35 * functional.one_hot(columns, len(chosen))), columns)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_a_share_in_two_processes_keeps_those_in_the_batch(of_two: dict[str, dict[str, Tensor]]) -> None:
    came = of_two["share"]
    start = Centres(people=PEOPLE, width=WIDTH, head=heads.CosFace(), seed=2).weight
    moved = (came["weight"] != start).any(dim=1)
    assert bool(moved[LABELS].all())
    assert bool(torch.isfinite(came["loss"]).all())


def test_centres_start_alike_however_they_are_spread() -> None:
    whole = Centres(people=9000, width=2, head=heads.CosFace(), seed=3).weight
    assert whole.std().item() == pytest.approx(0.01, rel=0.03)
    assert not torch.equal(whole[:4096], whole[4096:8192])
    spread = [_start(first, last, 2, 3) for first, last in ((0, 3000), (3000, 6000), (6000, 9000))]
    assert torch.equal(torch.cat(spread), whole)


def test_learning_without_a_loss_is_a_mistake() -> None:
    centres = Centres(people=3, width=2, head=heads.CosFace())
    with pytest.raises(RuntimeError, match="forward and backward"):
        centres.learn(Learning(), 1.0)
