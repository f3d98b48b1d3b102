"""One step of the loop: what the average remembers, and which checkpoints are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from recognizer.errors import ConfigError
from tests.train.line import Line, Wide, config, learn, weights

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


class Ahead(Line):
    ema_lead = 1


@pytest.mark.parametrize(("kind", "first"), [(Line, 0), (Ahead, 1)])
def test_the_average_remembers_more_with_every_step_up_to_its_memory(
    tmp_path: Path, kind: type[Line], first: int
) -> None:
    settings = config(tmp_path, samples=16)
    module = kind(settings)
    average = module.average.state_dict()["weight"].clone()
    steps: list[torch.Tensor] = []
    module.on_step = steps.append
    learn(settings, module)
    for number, weight in enumerate(steps, first):
        memory = min(1 - 4 / 20, (1 + number) / (10 + number))  # ema_samples: 20, batch: 4
        average = memory * average + (1 - memory) * weight
    assert len(steps) == 4
    torch.testing.assert_close(weights(settings)["average.weight"], average)


def test_a_step_moves_the_weights_by_the_clipped_gradient(tmp_path: Path) -> None:
    settings = config(tmp_path, samples=4, optimiser={"method": "sgd", "rate": 0.5, "clip": 0.01, "weight_decay": 0})
    module = Line(settings)
    before = {name: value.detach().clone() for name, value in module.student.state_dict().items()}
    learn(settings, module)
    after = weights(settings)
    moved = torch.cat([(after[f"student.{name}"] - value).flatten() for name, value in before.items()])
    assert float(moved.norm()) == pytest.approx(0.5 * 0.01 * settings.schedule.rate(0), rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        (Wide, {}, r"last\.ckpt holds another network \(average\.bias differs\): bring the old settings back"),
        (Line, {"optimiser": {"method": "sgd", "rate": 0.1}}, r"last\.ckpt has another optimiser\.method: .*\(out\)"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    tmp_path: Path, kind: type[Line], changes: dict[str, Any], fault: str
) -> None:
    begun = config(tmp_path, samples=8)
    learn(begun, Line(begun))
    kept = begun.last_checkpoint.read_bytes()
    other = config(tmp_path, samples=16, **changes)
    with pytest.raises(ConfigError, match=fault):
        learn(other, kind(other))
    assert begun.last_checkpoint.read_bytes() == kept
