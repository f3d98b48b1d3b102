"""What ``calibrate`` prints: the default threshold beside the budget's, and photos that cost names."""

from __future__ import annotations

import numpy as np

from recognizer.app.calibrate_site import CalibrationResult
from recognizer.calibration.calibration_file import Budget, Calibration
from recognizer.calibration.impostors import Rate
from recognizer.calibration.strangers import measure_impostors
from recognizer.cli.calibrate import _lines
from recognizer.gallery.audit import PoorPhoto


def test_default_and_budget_stand_side_by_side_and_poor_photos_are_named() -> None:
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(120), 2).astype(np.int64)
    vectors = random.standard_normal((120, 24))[people] + 0.35 * random.standard_normal((240, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    impostors = measure_impostors(vectors.astype(np.float32), people, data="made up", draws=20)
    budget = Budget("1 wrong name per camera-month", fpir=0.02)
    calibration = Calibration("m", impostors=impostors, budget=budget, protocol={}).at(20)
    result = CalibrationResult(
        calibration=calibration,
        impostors=impostors,
        budget=budget,
        enrolled=20,
        promise=Rate(0.02, 0.01, 0.04),
        strangers=100,
        site=None,
        within=None,
        excluded=(),
        confusable=(),
        people=(),
        default_known=0.7,
        poor_photos=(PoorPhoto("Ada", "1.jpg", "cut_too_tight", "cut too tight: 50 %"),),
    )
    lines = [line for line in _lines(result) if isinstance(line, str)]
    allowed = impostors.fpir.at(0.7, 20).mean * 1e6
    assert lines[0] == (
        f"Default: 1 in 100,000 comparisons, similarity 0.700; with 20 photos enrolled {allowed:,.0f} of a million "
        f"strangers get a name. Your budget: 1 wrong name per camera-month, similarity {calibration.known:.3f}; "
        "20,000 of a million."
    )
    assert "[yellow]poor[/] Ada/1.jpg: cut too tight: 50 %" in lines
    assert result.as_dict()["default"]["known"] == 0.7
    assert result.as_dict()["poor_photos"][0]["person"] == "Ada"
