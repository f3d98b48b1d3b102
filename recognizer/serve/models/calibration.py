"""Models of the calibration: what names are decided by, and what another budget of wrong names would cost."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from recognizer.serve.models.common import Model, Rounded
from recognizer.serve.models.history import Moment
from recognizer.serve.models.trials import ReplayResult

Days = Annotated[float, Field(gt=0, le=3660)]


class ThresholdsNow(Model):
    """What a name needs; cosines."""

    known: Rounded
    """Similarity from which a track is a person."""
    release: Rounded
    """Similarity below which a name is withdrawn."""
    margin: Rounded
    """Lead over the next person."""
    sure: Rounded
    """Similarity at which a single sample is enough."""


class BudgetNow(Model):
    """The allowed rate of wrong names."""

    text: str
    strangers_per_day: Rounded | None
    fpir_allowed: Rounded
    """Share of strangers that may get a name, with the present gallery."""


class CalibrationAnswer(Model):
    """What names are decided by now, and whether it can be changed here."""

    model: str
    thresholds: ThresholdsNow
    basis: Literal["settings", "site", "model", "defaults"]
    """Where they come from: a file that the settings name, this wizard or ``calibrate``, the model, or nowhere."""
    given: list[str]
    """Thresholds that the settings fix, whatever the calibration says."""
    calibrated_at: datetime | None
    measured_on: str | None
    budget: BudgetNow | None
    raised_by: Rounded
    """Cosine by which the site's own strangers raised the thresholds."""
    enrolled: int
    """Enrolled photos."""
    measured_strangers: int | None
    """Strangers whom the model was measured on; null: none, and no budget can be chosen."""
    can_change: bool
    why_not: str | None


class CalibrationRequest(Model):
    """A budget to try: ``wrong_names`` a camera and ``per``, with the traffic; or ``fmr`` instead."""

    wrong_names: Annotated[float, Field(ge=0.001, le=100_000)] | None = None
    per: Literal["hour", "day", "week", "month", "year"] = "month"
    strangers_per_day: Annotated[float, Field(ge=0.01, le=1e7)] | None = None
    """People who are not enrolled and pass a camera in a day."""
    fmr: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of comparisons of two people that may be taken for one."""
    sample_strangers: StrictBool = True
    """Measure the unknown people of the history, too; they raise the thresholds if they are alike."""
    sample_since: Moment | None = None
    """By default the last 30 days."""
    without_tracks: Annotated[tuple[Annotated[int, Field(ge=1, le=2**63 - 1)], ...], Field(max_length=1000)] = ()
    """Tracks that are no strangers, but enrolled people who were not recognised."""
    replay_days: Annotated[float, Field(ge=0, le=3660)] = 7
    """Days of the past to decide again; 0: none."""

    @model_validator(mode="after")
    def _is_a_budget(self) -> Self:
        if (self.wrong_names is None) == (self.fmr is None):
            raise ValueError("wanted either wrong_names with strangers_per_day, or fmr")
        if self.wrong_names is not None and self.strangers_per_day is None:
            raise ValueError("wrong_names needs strangers_per_day")
        return self


class Share(Model):
    """An expected share or number, with the range of 95 % of galleries or samples."""

    mean: Rounded
    low: Rounded
    high: Rounded


class MissedNames(Model):
    """Share of single samples of an enrolled person that get no name, by the photos that are enrolled."""

    photos: int
    now: Share
    then: Share


class SampledStranger(Model):
    """An unknown person of the history, beside the nearest enrolled one."""

    track_ids: list[int]
    """At most 20."""
    crop_url: str | None
    nearest: str
    similarity: Rounded
    is_left_out: bool
    """So alike that it is taken for the enrolled person, unrecognised, and does not count."""


class StrangersSampled(Model):
    """The site's own strangers, against those that the model was measured on."""

    count: int
    """Those that count."""
    left_out: int
    wanted: int
    """With fewer nothing is concluded."""
    similarity: Rounded | None
    """Cosine that the share ``share`` of them reaches; null where there are too few."""
    expected: Rounded | None
    """Cosine that this share of the measured strangers reaches."""
    share: Rounded | None
    difference_low: Rounded | None
    """95 % interval of the difference."""
    difference_high: Rounded | None
    nearest: list[SampledStranger]
    """At most 30. Look at them: an enrolled person who was not recognised belongs into ``without_tracks``."""


class Promise(Model):
    """Wrong names that are expected of so many strangers."""

    strangers: int
    share: Share
    warning: str | None
    """Why the measured data cannot support the budget."""


class Confusable(Model):
    """Two people who are so alike that one may be taken for the other."""

    name: str
    other: str
    similarity: Rounded


class CalibrationTrial(Model):
    """What a budget would change: the result of the job. Nothing is written."""

    budget: BudgetNow
    now: ThresholdsNow
    then: ThresholdsNow
    fpir_now: Share
    """Expected share of strangers that get a name, with the site's strangers counted in."""
    fpir_then: Share
    false_names_now: Share | None
    """Wrong names of a camera in a month that are expected, a number; null where the traffic is not given."""
    false_names_then: Share | None
    """A mean of 0 says that none was measured, not that there is none: see ``high`` and ``promise.warning``."""
    promise: Promise
    missed: list[MissedNames]
    raised_by: Rounded
    strangers: StrangersSampled | None
    """Null where none were sampled."""
    confusable: list[Confusable]
    """At most 20."""
    one_photo: list[str]
    """Names of those with one photo, at most 100: more photos cost fewer names."""
    replay: ReplayResult | None
    """Which names of the past would be lost, won or changed; null without a history."""
    replay_days: Rounded | None


class ApplyTrial(Model):
    """Which trial to write."""

    job_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class CalibrationApplied(Model):
    """The calibration was changed."""

    applies: str
    """When it counts, in words."""
    at_once: bool
    """Whether the recognition that runs has taken it up."""
    calibration: CalibrationAnswer
