"""The file of a comparison: what its trials are, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from recognizer.errors import ConfigError
from recognizer.train.embedder import compare
from tests.conftest import ROOT


def written(folder: Path, change: dict[str, Any]) -> Path:
    raw = yaml.safe_load((ROOT / "configs" / "compare.yaml").read_text(encoding="utf-8"))
    path = folder / "compare.yaml"
    path.write_text(yaml.safe_dump(raw | change), encoding="utf-8")
    return path


def test_the_file_that_ships_gives_every_trial_one_budget_and_a_folder() -> None:
    trials = compare.read(ROOT / "configs" / "compare.yaml")
    assert len({config.out for config in trials.values()}) == len(trials) == 11
    assert {config.schedule.samples for config in trials.values()} == {49152}
    assert trials["Triplet"].head.triplet_margin == 0.2
    assert trials["ArcFace, rank ratio 0.3"].network.rank_ratio == 0.3
    assert trials["CosFace"].head.options == {"scale": 32, "margin": 0.1}


def test_options_of_a_head_replace_those_of_the_base() -> None:
    base = {"head": {"name": "arcface", "options": {"margin": 0.3}}, "seed": 1}
    assert compare.laid_over(base, {"head": {"options": {"scale": 8}}}) == {
        "head": {"name": "arcface", "options": {"scale": 8}},
        "seed": 1,
    }
    assert base["head"] == {"name": "arcface", "options": {"margin": 0.3}}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"trials": {}}, "wanted base"),
        ({"more": 1}, "wanted base"),
        ({"trials": {"A": 3}}, r"trials\.A"),
        ({"trials": {"A": {"head": {"name": "none"}}}}, r"\(A\).*no head 'none'"),
        ({"trials": {"A": {}, "B": {"schedule": {"samples": 65536}}}}, "must be the same"),
        ({"trials": {"A": {"validation": {"lfw": None, "bin": "a.bin"}}}}, "does not say who is who"),
        (
            {
                "trials": {
                    "A": {"validation": {"lfw": None, "people_share": 0.2}},
                    "B": {"validation": {"lfw": None, "people_share": 0.2}, "data": {"min_photos": 3}},
                }
            },
            r"people_share data\.people.* must be the same",
        ),
    ],
)
def test_what_is_no_match_is_refused(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        compare.read(written(tmp_path, change))
