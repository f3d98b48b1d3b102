"""Trainings against each other: one base, one budget, one held-out test; each trial changes some keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.embed import trained
from recognizer.errors import ConfigError
from recognizer.train.crops import CutFace
from recognizer.train.embedder import settings, tasks
from recognizer.train.embedder.comparison import HeldOutScore, HeldOutTest, vectors_of
from recognizer.train.embedder.settings import PeopleConfig
from recognizer.train.loop.settings import mapping


@dataclass(frozen=True, slots=True)
class Outcome:
    """One trial's row of the table."""

    name: str
    parameters: int
    """Of the network, without centres."""
    samples: int
    hours: float
    """Time spent on training steps."""
    fmr: float
    score: HeldOutScore


def read(path: Path) -> dict[str, PeopleConfig]:
    """Read the file of a comparison: ``base``, a whole training, and ``trials``, names with the keys that they change.

    Raises:
        ConfigError: if the file is missing, is no YAML, lacks a part, or a trial is no valid training of people.
    """
    raw = mapping(path)
    base, trials = raw.get("base"), raw.get("trials")
    if set(raw) != {"base", "trials"} or not isinstance(base, dict) or not isinstance(trials, dict) or not trials:
        raise ConfigError(
            f"{path}: wanted base (a training) and trials (by name the keys that change); see configs/compare.yaml."
        )
    out = {}
    for name, changes in trials.items():
        if not isinstance(changes, dict):
            raise ConfigError(f"{path}: trials.{name}: wanted the keys that it changes.")
        whole = laid_over(base, changes)
        whole["out"] = str(Path(str(base.get("out", "runs/compare"))) / _folder_name(str(name)))
        config = settings.config_from(whole, Path(f"{path} ({name})"))
        if not isinstance(config, PeopleConfig):
            raise ConfigError(f"{path}: trials.{name} distils; only trainings of people are compared.")
        out[str(name)] = config
    first = next(iter(out.values()))
    if first.validation.bin is not None:
        raise ConfigError(f"{path}: a .bin set does not say who is who; validation: people_share or lfw.")
    budgets = {(config.schedule.samples, config.seed, str(config.validation)) for config in out.values()}
    if len(budgets) > 1:
        raise ConfigError(f"{path}: schedule.samples, seed and validation must be the same in all trials.")
    data = [config.data for config in out.values()]
    kept = {(each.people, each.aligned, each.min_face_px, each.min_photos) for each in data}
    if first.validation.people_share is not None and len(kept) > 1:  # other people would be held back
        raise ConfigError(
            f"{path}: with validation.people_share data.people, aligned, min_face_px and min_photos must be the same "
            "in all trials."
        )
    return out


def laid_over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``changes``; sections are gone into, but a head's ``options`` belong together."""
    out = dict(base)
    for key, value in changes.items():
        inside = isinstance(value, dict) and isinstance(out.get(key), dict) and key != "options"
        out[key] = laid_over(out[key], value) if inside else value
    return out


def compare(trials: Mapping[str, PeopleConfig], cut_for: Callable[[int], CutFace]) -> list[Outcome]:
    """Train each trial to its end, or carry it on, and score all on the same people.

    Args:
        trials: by name.
        cut_for: makes what cuts faces out of pictures, from the smallest face to look for.
    """
    out = []
    for name, config in trials.items():
        logger.info("Trial {}.", name)
        known = tasks.gather(config, cut_for(config.data.min_face_px))
        held_out = HeldOutTest(known.pairs, seed=config.seed)  # before hours of training: it may refuse
        tasks.learn(config, known)
        taken = trained.snapshot(config.last_checkpoint)
        parameters = sum(p.numel() for p in taken.network.parameters())
        score = held_out.score(vectors_of(taken.network, known.test))
        out.append(Outcome(name, parameters, taken.samples, taken.hours, held_out.fmr, score))
    return out


def _folder_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in name.lower())
