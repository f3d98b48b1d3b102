"""python main.py doctor: check cameras, models, engine, gallery, disk, clock and connections, and say what to do."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.cli import _console, _options
from recognizer.counting import counted
from recognizer.doctor.finding import State

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.BROKEN: "bold red", State.OFF: "dim"}


def doctor(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Check everything a run needs, and say what to do; the exit status is 1 when something is broken.

    Each camera is watched for some seconds. Nothing is changed, sent or downloaded.
    """
    from recognizer.doctor.examination import examine

    findings = examine(
        lambda: _options.load_settings(
            config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir
        ),
        config_file,
    )
    if as_json:
        found = list(findings)
        broken = sum(finding.state is State.BROKEN for finding in found)
        _console.print_json({"ok": not broken, "findings": [finding.as_dict() for finding in found]})
        if broken:
            raise typer.Exit(1)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    states = list[State]()
    with _console.err.status("checking"):
        for finding in findings:
            states.append(finding.state)
            what = finding.area if finding.area == finding.subject else f"{finding.area}: {finding.subject}"
            remedy = f"\n[italic]{escape(finding.remedy)}[/]" if finding.remedy else ""
            state = f"[{_COLOURS[finding.state]}]{finding.state.value}[/]"
            table.add_row(state, escape(what), escape(finding.message) + remedy)
    _console.out.print(table)
    broken, warnings = states.count(State.BROKEN), states.count(State.WARNING)
    _console.out.print(f"{broken} broken, {counted(warnings, 'warning')}")
    if broken:
        raise typer.Exit(1)
