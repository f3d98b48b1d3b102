"""python main.py calibrate: thresholds from what wrong names a site can bear, and what that promises and costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, config
from recognizer.app.calibrate_model import measure_people
from recognizer.app.negatives import strangers_of
from recognizer.calibration import budget as budgets
from recognizer.calibration import calibration_file
from recognizer.calibration.budget import SiteShift
from recognizer.calibration.calibration_file import Budget, Calibration
from recognizer.calibration.impostors import Impostors, Rate
from recognizer.cli import _console
from recognizer.cli._embedding import CacheOption, settings_for
from recognizer.cli._progress import counting, model_bar
from recognizer.cli.enroll import sync
from recognizer.errors import ConfigError, UsageError
from recognizer.gallery.audit import ConfusablePair, confusable_pairs
from recognizer.gallery.records import Enrolled, PersonRecord
from recognizer.gallery.store import Gallery
from recognizer.models.resolved import ResolvedModel


def calibrate(
    budget: Annotated[str | None, typer.Option(help="What you can bear: '1 wrong name per camera-month'.")] = None,
    strangers_per_day: Annotated[
        float | None, typer.Option(min=0.01, help="People not enrolled that pass a camera in a day.")
    ] = None,
    fmr: Annotated[float | None, typer.Option(help="Instead: share of comparisons, such as 1e-5.")] = None,
    negatives: Annotated[
        str | None,
        typer.Option(help="Strangers of this site: a folder of pictures, or a video without enrolled people."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(help="Measure a model on a folder of people instead: what a name needs, where nobody has told."),
    ] = None,
    one_person_above: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="With --people: names with photos as alike as this are one person; else estimated."
        ),
    ] = None,
    measured: Annotated[
        Path | None, typer.Option(help="What --people wrote for this model, in place of its shipped file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of into the gallery.")
    ] = None,
    gallery: _console.GalleryOption = None,
    config_file: _console.ConfigOption = None,
    model: _console.ModelOption = None,
    engine: _console.EngineOption = None,
    weights_dir: _console.WeightsDirOption = None,
    facts: _console.FactsOption = None,
    cache: CacheOption = None,
    as_json: _console.JsonOption = False,
) -> None:
    """Derive what a name needs from a false-name budget; write it where run finds it."""
    settings = settings_for(
        config_file, model=model, engine=engine, weights_dir=weights_dir, facts=facts, gallery=gallery
    )
    if people is not None:
        with model_bar() as progress:
            resolved = build.model(settings, progress)
        target = measure_people(
            settings, resolved, people, output=output, above=one_person_above, cache=cache, counting=counting
        )
        _console.out.print(f"Written: {escape(str(target))}", highlight=False, soft_wrap=True)
        return
    wanted = _budget(budget, strangers_per_day, fmr)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    base = calibration_file.load(measured or resolved.calibration, model=resolved.fingerprint)
    if base.impostors is None:
        raise ConfigError(
            f"Nobody has measured how alike strangers are to {resolved.fingerprint}: "
            "run calibrate --people FOLDER with a folder of many people such as LFW's, then this again."
        )
    sync(settings, resolved)
    found = derive(settings, resolved, base, wanted, negatives, cache)
    target = output or build.site_calibration(settings)
    calibration_file.save(target, replace(found.calibration, protocol=found.as_dict()))
    if as_json:
        _console.print_json({**found.as_dict(), "written": str(target)})
        return
    for line in found.told():
        _console.out.print(line, highlight=False, soft_wrap=True)
    how = "run uses it from now on" if output is None else "pass it to run in a settings file as decide.calibration"
    _console.out.print(f"Written: {escape(str(target))}; {how}.", highlight=False, soft_wrap=True)


def _budget(text: str | None, strangers_per_day: float | None, fmr: float | None) -> Budget:
    if (text is None) == (fmr is None):
        raise UsageError("Wanted either --budget '1 wrong name per camera-month' --strangers-per-day N, or --fmr 1e-5.")
    if text is not None:
        return budgets.parse_budget(text, strangers_per_day=strangers_per_day)
    if fmr is None or not 0 < fmr < 1:
        raise UsageError(f"--fmr: wanted a share between 0 and 1, such as 1e-5, got {fmr}.")
    return Budget(text=f"FMR {fmr:g}", fmr=fmr, strangers_per_day=strangers_per_day)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a calibration came to."""

    calibration: Calibration
    """As it is written: with the thresholds of the present gallery."""
    impostors: Impostors
    budget: Budget
    enrolled: int
    promise: Rate
    strangers: int
    """For how many the promise holds."""
    site: SiteShift | None
    within: SiteShift | None
    """The enrolled people against each other, where there are enough."""
    left_out: tuple[str, ...]
    """Negatives that look like somebody enrolled."""
    confusable: tuple[ConfusablePair, ...]
    people: tuple[PersonRecord, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        kept = self.calibration
        return {
            "model": kept.model,
            "budget": self.budget.text,
            "fpir_allowed": self.budget.rate(self.enrolled),
            "enrolled_photos": self.enrolled,
            "thresholds": {name: round(getattr(kept, name), 4) for name in calibration_file.NUMBERS},
            "promise": {
                "strangers": self.strangers,
                "fpir": self.promise.mean,
                "interval_95": [self.promise.low, self.promise.high],
                "measured_strangers": self.impostors.people,
                "warning": budgets.unsupported_rate(self.impostors, self.budget.rate(self.enrolled)),
            },
            "fnir": {str(k): [rate.mean, rate.low, rate.high] for k, rate in self._fnir().items()},
            "gallery_against_itself": None if self.within is None else _shift_dict(self.within),
            "site": None if self.site is None else _shift_dict(self.site),
            "thresholds_raised_by": round(kept.shift, 4),
            "left_out": list(self.left_out),
            "confusable": [[p.person, p.other, round(p.similarity, 4)] for p in self.confusable],
            "weak": [p.name for p in self.people if p.accepted and p.weak == p.accepted],
            "measured_on": self.impostors.data,
        }

    def _fnir(self) -> dict[int, Rate]:
        known = self.calibration.known  # as raised: that strangers are more alike does not make photos of one person so
        return {int(k): self.impostors.fnir.at(known, k) for k in self.impostors.fnir.sizes}

    def told(self) -> Iterator[Table | str]:
        """For a person to read."""
        kept, allowed = self.calibration, self.budget.rate(self.enrolled)
        yield f"{self.budget.text}: of a million strangers {allowed * 1e6:,.0f} may get a name."
        yield (
            f"A name needs similarity {kept.known:.3f} and a lead of {kept.margin:.3f}; below {kept.release:.3f} it is "
            f"withdrawn. ({self.enrolled} photos enrolled; the numbers follow the gallery as it grows.)"
        )
        yield (
            f"[bold]Promise[/]: of {self.strangers:,} strangers {self.promise.low * self.strangers:.0f} to "
            f"{self.promise.high * self.strangers:.0f} get a name (95 %), most likely "
            f"{self.promise.mean * self.strangers:.1f}, if they are as alike as those measured: "
            f"{escape(self.impostors.data)}."
        )
        if warning := budgets.unsupported_rate(self.impostors, allowed):
            yield f"[yellow]How sure[/]: {warning}"
        if self.site is not None:
            yield (
                f"This site: {self.site.strangers} strangers reach {self.site.similarity:.3f} where "
                f"{self.site.expected:.3f} was expected (difference {self.site.low:+.3f} to {self.site.high:+.3f}); "
                f"thresholds are raised by {self.site.shift:.3f}."
            )
        if self.within is not None and self.within.low > 0:
            yield (
                f"Your enrolled people are more alike than those measured: {self.within.similarity:.3f} where "
                f"{self.within.expected:.3f} was expected; thresholds are raised by at least {self.within.shift:.3f}."
            )
        for name in self.left_out:
            yield f"[yellow]left out[/] {escape(name)}: is an enrolled person among the negatives?"
        table = Table(title="Cost: share of single looks at an enrolled person without a name", title_justify="left")
        table.add_column("photos enrolled", justify="right")
        table.add_column("expected FNIR", justify="right")
        table.add_column("95 %", justify="right")
        for photos, rate in self._fnir().items():
            table.add_row(str(photos), f"{100 * rate.mean:.1f} %", f"{100 * rate.low:.1f} to {100 * rate.high:.1f} %")
        yield table
        yield "A track has many looks: it finds its name sooner or later more often than that."
        for pair in self.confusable[:10]:
            likely = "will be taken for one another" if pair.similarity >= kept.known else "come near one another"
            yield f"[yellow]alike[/] {escape(pair.person)} and {escape(pair.other)} {likely}: {pair.similarity:.2f}"
        yield from self._photos()

    def _photos(self) -> Iterator[str]:
        rates = self._fnir()
        for person in self.people:
            if not person.accepted:
                yield f"[red]missing[/] {escape(person.name)} has no usable photo."
            elif person.weak == person.accepted:
                yield f"[yellow]weak[/] {escape(person.name)} has only weak photos; one good photo helps most."
        few = [person.name for person in self.people if person.accepted == 1]
        if few and 3 in rates:
            yield (
                f"{len(few)} of {len(self.people)} people have one photo; two more each would lower their misses from "
                f"{100 * rates[1].mean:.1f} to {100 * rates[3].mean:.1f} %."
            )


def _shift_dict(shift: SiteShift) -> dict[str, Any]:
    return {
        "strangers": shift.strangers,
        "at_fpir": shift.level,
        "similarity": round(shift.similarity, 4),
        "expected": round(shift.expected, 4),
        "difference_95": [round(shift.low, 4), round(shift.high, 4)],
        "shift": round(shift.shift, 4),
    }


def derive(
    settings: config.Settings,
    resolved: ResolvedModel,
    base: Calibration,
    wanted: Budget,
    negatives: str | None,
    cache: Path | None,
) -> Found:
    """Thresholds from a budget, for the gallery as it stands; see the command."""
    impostors = base.impostors
    if impostors is None:
        raise ValueError("derive: wanted a calibration with impostors.")
    enrolled: Enrolled = build.enrolled_people(settings, resolved.fingerprint)
    size = len(enrolled)
    site: SiteShift | None = None
    left_out: tuple[str, ...] = ()
    if negatives is not None:
        best, left_out = strangers_of(
            negatives, settings, resolved, enrolled, enrolled_at=base.sure, cache=cache, counting=counting
        )
        site = budgets.site_shift(impostors.fpir, best, gallery=size)
        if site is None:
            raise UsageError(
                f"--negatives {negatives}: {len(best)} strangers were found, wanted {budgets.MIN_NEGATIVES} or more; "
                "fewer say nothing of how alike the most alike are."
            )
    best = budgets.nearest_other_people(enrolled.vectors, enrolled.names)
    within = budgets.site_shift(impostors.fpir, best, gallery=size)
    alike = within.shift if within is not None and within.low > 0 else 0.0  # no accident
    kept = replace(base, budget=wanted, shift=max(alike, site.shift if site else 0.0)).at(size)
    per_day = wanted.strangers_per_day
    strangers = max(1, round(per_day * budgets.DAYS["month"])) if per_day else 10_000
    threshold = kept.known - kept.shift
    with Gallery(settings.gallery.folder) as record:
        people = record.people()
    return Found(
        calibration=kept,
        impostors=impostors,
        budget=wanted,
        enrolled=size,
        promise=budgets.predicted_fpir(impostors.fpir, threshold=threshold, gallery=size, strangers=strangers),
        strangers=strangers,
        site=site,
        within=within,
        left_out=left_out,
        confusable=confusable_pairs(enrolled, at_least=kept.release),
        people=people,
    )
