"""python main.py fleet ...: several boxes with one gallery and one history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.serve import open_access
from recognizer.counting import counted
from recognizer.errors import FleetAwayError, FleetError, GalleryError, HistoryError, UsageError

if TYPE_CHECKING:
    from recognizer.app.fleet.membership import FleetState
    from recognizer.serve.access.store import AccessStore
    from recognizer.serve.fleet.store import FleetStore

app = typer.Typer(help="Several boxes, one gallery and one history.", no_args_is_help=True)
BoxName = Annotated[str, typer.Argument(help="Name of the box, such as north-gate.")]


@contextmanager
def _service(settings: Settings) -> Iterator[tuple[AccessStore, FleetStore]]:
    """Open what the service knows of its boxes."""
    with closing(open_access(settings)) as access:
        from recognizer.serve.fleet.store import FleetStore

        with closing(FleetStore(settings.service_folder)) as fleet:
            yield access, fleet


@app.command()
def code(
    name: BoxName,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """On the service: print a code with which one box may join, once, within a day."""
    with _service(_options.load_settings(config_file, gallery=gallery)) as (access, fleet):
        from recognizer.serve.fleet.boxes import invite

        made = invite(access, fleet, name)
    if as_json:
        _console.print_json({"box": name, "code": made})
    else:
        typer.echo(made)


@app.command()
def boxes(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """On the service: list the boxes, when each was here last, and how far behind it is."""
    settings = _options.load_settings(config_file, gallery=gallery)
    with _service(settings) as (access, fleet):
        from recognizer.serve.fleet.boxes import boxes as listed
        from recognizer.serve.fleet.feed import GalleryFeed

        with suppress(GalleryError, HistoryError):  # how far they are behind is as of the last time then
            if fleet.boxes():  # else nobody wants the changes, which are names
                GalleryFeed(fleet, lambda: settings).refresh()
        found = listed(access, fleet)
    if as_json:
        _console.print_json({"boxes": [box.model_dump() for box in found]})
        return
    table = Table(title="Boxes", title_justify="left")
    for heading in ("name", "state", "joined", "last here", "changes behind", "tracks"):
        table.add_column(heading, overflow="fold")
    for box in found:
        behind = "" if box.behind is None else str(box.behind)
        table.add_row(box.name, box.state, box.joined_at or "", box.seen_at or "never", behind, str(box.tracks))
    _console.out.print(table)


@app.command()
def revoke(name: BoxName, gallery: _options.GalleryOption = None, config_file: _options.ConfigOption = None) -> None:
    """On the service: let a box count no more, from its next request on."""
    settings = _options.load_settings(config_file, gallery=gallery)
    with closing(open_access(settings)) as access:
        from recognizer.serve.fleet.boxes import is_box

        if not is_box(access, name) or not access.revoke(name):
            raise UsageError(f"There is no box called {name!r}; 'fleet boxes' shows them.")
    _console.out.print(f"{escape(name)} is revoked.", highlight=False, soft_wrap=True)


@app.command()
def join(
    address: Annotated[str, typer.Argument(help="https://HOST:PORT of the service.")],
    code: Annotated[str, typer.Argument(help="As 'fleet code NAME' on the service printed it.")],
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    weights_dir: _options.WeightsDirOption = None,
) -> None:
    """On a box: join the fleet of a service, and pull its gallery."""
    from recognizer.app.fleet import syncing

    settings = _options.load_settings(config_file, gallery=gallery, model=model, weights_dir=weights_dir)
    membership = syncing.join(settings, address, code)
    _console.out.print(f"This machine is the box {membership.box} of {escape(membership.address)}.", highlight=False)
    _print_sync(_sync(settings))


@app.command()
def sync(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    weights_dir: _options.WeightsDirOption = None,
) -> None:
    """On a box: pull and push once. A 'run' or 'serve' does it by itself every fleet.interval_s."""
    _print_sync(_sync(_options.load_settings(config_file, gallery=gallery, model=model, weights_dir=weights_dir)))


@app.command()
def status(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """On a box: when it last pulled and pushed, what waits, and what is wrong; asks nobody."""
    from recognizer.app.fleet.membership import read_state, require_membership

    settings = _options.load_settings(config_file, gallery=gallery)
    membership, state = require_membership(settings.fleet_folder), read_state(settings.fleet_folder)
    rows: dict[str, Any] = {
        "box": membership.box,
        "service": membership.address,
        "pulled_at": state.pulled_at,
        "people": state.people,
        "pushed_at": state.pushed_at,
        "pushed": state.pushed,
        "waiting": state.waiting,
        "lost": state.lost,
        "problem": state.problem,
    }
    if as_json:
        _console.print_json(rows)
        return
    for key, value in rows.items():
        _console.out.print(
            f"{key.replace('_', ' '):<10} {escape(str('-' if value is None else value))}", highlight=False
        )


@app.command()
def leave(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    yes: _options.YesOption = False,
) -> None:
    """On a box: delete its token and the people it pulled. Its history stays; revoke it at the service, too."""
    from recognizer.app.fleet.syncing import leave as leave_fleet

    settings = _options.load_settings(config_file, gallery=gallery)
    if not yes and not typer.confirm("Delete the people that were pulled, and the token of this box?", err=True):
        raise UsageError("Nothing was changed.")
    membership = leave_fleet(settings)
    _console.out.print(f"This machine is no box of {escape(membership.address)} any more.", highlight=False)


def _sync(settings: Settings) -> FleetState:
    from recognizer.app.fleet.syncing import sync as sync_once

    with model_bar() as progress:
        resolved = build.model(settings, progress)
    try:
        return sync_once(settings, model=resolved.fingerprint)
    except FleetAwayError as error:
        raise FleetError(f"{error} This box goes on with what it has, and tries again while it runs.") from error


def _print_sync(state: FleetState) -> None:
    people, waiting = counted(state.people, "person", "people"), counted(state.waiting, "track")
    _console.out.print(
        f"{people} in the gallery; {state.pushed} tracks pushed so far, {waiting} waiting.", highlight=False
    )
