from __future__ import annotations

import torch
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss  # type: ignore[import-untyped]

from recognizer.train.proposals.loss import ALPHA, GAMMA, centres, loss, targets
from recognizer.train.proposals.network import ProposalNet


def test_the_network_says_something_of_every_cell() -> None:
    points, grids = centres(64, 96)
    assert torch.bincount(grids).tolist() == [384, 96, 24, 6]
    assert points[grids == 3].tolist() == [[16, 16], [48, 16], [80, 16], [16, 48], [48, 48], [80, 48]]
    scores, distances = ProposalNet()(torch.zeros(1, 64, 96, 3))
    assert (scores.shape, distances.shape) == ((1, len(points)), (1, len(points), 4))


def test_the_cells_in_the_middle_of_a_face_answer_for_it_on_the_grid_of_its_size() -> None:
    points, grids = centres(128, 128)
    face = torch.tensor([[20.0, 30.0, 36.0, 46.0, 1.0]])  # 16 px: the finest grid's only
    wanted, boxes = targets(face, 128, 128)
    found = wanted == 1
    assert set(grids[found].tolist()) == {0}
    assert ((points[found] - torch.tensor([28.0, 38.0])).abs() <= 4).all()
    assert (boxes[found] == face[0, :4]).all()
    assert 1 <= int(found.sum()) <= 9
    round_about = (wanted == -1) & (grids == 0)
    assert ((points[round_about] - torch.tensor([28.0, 38.0])).abs() <= 0.6 * 16).all()
    assert wanted[(points - 28).abs().amax(1) > 40].eq(0).all()


def test_what_may_be_a_face_does_not_matter() -> None:
    wanted, _ = targets(torch.tensor([[20.0, 30.0, 36.0, 46.0, 0.0]]), 128, 128)
    assert set(wanted.tolist()) == {0.0, -1.0}
    assert set(targets(torch.zeros(0, 5), 128, 128)[0].tolist()) == {0.0}


def test_of_two_faces_a_cell_answers_for_the_nearer_in_its_own_measure() -> None:
    faces = torch.tensor([[20.0, 20.0, 60.0, 60.0, 1.0], [30.0, 30.0, 48.0, 48.0, 1.0]])
    wanted, boxes = targets(faces, 128, 128)
    points, grids = centres(128, 128)
    at = int(((points - 38).abs().sum(1) + 1000 * (grids != 0)).argmin())  # finest grid: only for the small one
    assert wanted[at] == 1
    assert boxes[at].tolist() == faces[1, :4].tolist()


def test_both_losses_are_torchvisions() -> None:
    torch.manual_seed(1)
    points, _ = centres(64, 64)
    wanted, boxes = targets(torch.tensor([[10.0, 12.0, 30.0, 34.0, 1.0], [40.0, 40.0, 52.0, 52.0, 0.0]]), 64, 64)
    scores, distances = torch.randn(1, len(points)), torch.rand(1, len(points), 4) * 20
    focal, apart = loss(scores, distances, points, wanted[None], boxes[None])
    counted, positive = wanted >= 0, wanted == 1
    theirs = sigmoid_focal_loss(scores[0, counted], positive[counted].float(), alpha=ALPHA, gamma=GAMMA)
    torch.testing.assert_close(focal, theirs.sum() / positive.sum())
    away = distances[0, positive]
    mine = torch.cat([points[positive] - away[:, :2], points[positive] + away[:, 2:]], 1)
    torch.testing.assert_close(apart, generalized_box_iou_loss(mine, boxes[positive], reduction="mean"))


def test_a_batch_without_a_face_has_a_loss() -> None:
    points, _ = centres(32, 32)
    none = torch.zeros(1, len(points))
    focal, apart = loss(
        torch.zeros_like(none), torch.ones(1, len(points), 4), points, none, torch.zeros(1, len(points), 4)
    )
    assert focal > 0
    assert apart == 0
