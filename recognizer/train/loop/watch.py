"""After each round: run the task's held-out test on the averaged network, log it, report progress, end in time."""

from __future__ import annotations

import time
from collections.abc import Callable

from lightning.pytorch import Callback, LightningModule, Trainer
from loguru import logger

from recognizer.train.loop.learner import Learner

HeldOutTest = Callable[[Learner], tuple[dict[str, float], str]]
"""Gives figures to log, and what to report in a few words. Every process calls it; they may share the work."""


class RoundReport(Callback):
    """Tests and reports after each round, and ends the training when no whole batch of the schedule is left."""

    def __init__(self, test: HeldOutTest) -> None:
        self._test = test
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test, log, report."""
        if not isinstance(pl_module, Learner):
            raise TypeError(f"this callback watches a Learner, came {type(pl_module).__name__}")
        schedule, seen = pl_module.loop.schedule, pl_module.seen
        seconds = max(time.monotonic() - self._begun, 1e-9)
        pl_module.seconds += seconds
        figures, report = self._test(pl_module)
        speed = trainer.num_training_batches * schedule.batch / seconds
        rate, step = schedule.rate(seen - 1), float(seen)  # step: Lightning's name for the horizontal axis
        pl_module.log_dict(figures | {"rate": rate, "samples_per_s": speed, "step": step})
        if trainer.is_global_zero:
            losses = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("train/")}
            logger.info(
                "{:,} of {:,} samples, {:.0f}/s, {} left | {} | {}",
                seen,
                schedule.samples,
                speed,
                duration((schedule.samples - seen) / speed),
                ", ".join(f"{name.removeprefix('train/')} {float(value):.4f}" for name, value in losses.items()),
                report,
            )
        trainer.should_stop = trainer.should_stop or seen + schedule.batch > schedule.samples


def duration(seconds: float) -> str:
    """In hours, minutes or seconds, whichever a person would say."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
