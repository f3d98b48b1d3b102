"""python main.py gallery ...: who is enrolled, and removing, renaming and checking people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from loguru import logger
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, config
from recognizer.calibration import calibration_file
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.cli import _console, _options
from recognizer.cli.gallery_consent import consent
from recognizer.cli.gallery_rename import rename_everywhere
from recognizer.cli.reembed import reembed
from recognizer.counting import counted
from recognizer.errors import UsageError
from recognizer.gallery import upkeep
from recognizer.gallery.audit import CONFUSABLE, Audit
from recognizer.gallery.audit import audit as look_over
from recognizer.gallery.limits import Limits
from recognizer.gallery.names import person_name, shown
from recognizer.gallery.records import model_name
from recognizer.gallery.store import Gallery
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.resolved_model import calibration_of

app = typer.Typer(help="The enrolled people: list, remove, rename, audit, consent, reembed.", no_args_is_help=True)
app.command()(reembed)
app.command()(consent)

Name = Annotated[str, typer.Argument(help="A person, as 'gallery list' shows them; case does not matter.")]


@app.command("list")
def list_people(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Show who is enrolled, with how many photos, by which model and since when."""
    settings = _options.load_settings(config_file, gallery=gallery)
    folder = settings.gallery.folder
    with Gallery(folder) as record:
        people, model, changed_at = record.people(), record.model, record.changed_at
    withheld = _withheld(settings, [person.name for person in people])
    if as_json:
        rows = [{**dataclasses.asdict(person), "withheld": withheld.get(person.name)} for person in people]
        _console.print_json({"gallery": str(folder), "model": model, "changed_at": changed_at, "people": rows})
        return
    table = Table(title=f"Gallery {escape(str(folder))}", title_justify="left")
    table.add_column("person", overflow="fold")
    for heading in ("accepted", "refused"):
        table.add_column(heading, justify="right")
    table.add_column("enrolled")
    table.add_column("to note", overflow="fold")
    for person in people:
        row = (person.name, str(person.accepted), str(person.refused), person.enrolled_at[:10])
        problem = withheld.get(person.name)
        note = f"[red]not recognised: {escape(problem)}[/]" if problem else _to_note(person.accepted, person.weak)
        table.add_row(*map(escape, row), note)
    _console.out.print(table)
    _console.out.print(f"Model {escape(model or 'none')}. Last change {changed_at or 'never'}.", highlight=False)


def _withheld(settings: config.Settings, names: Iterable[str]) -> dict[str, str]:
    """Return who is not recognised for want of a consent that holds, and why."""
    consents = build.consents(settings)
    problems = ((name, consents.problem(standing)) for name, standing in consents.of(names).items())
    return {name: problem for name, problem in problems if problem}


def _to_note(accepted: int, weak: int) -> str:
    if not accepted:
        return "[red]no usable photo: not enrolled[/]"
    return "[yellow]only weak photos[/]" if weak == accepted else ""


@app.command()
def remove(
    name: Name,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    yes: _options.YesOption = False,
    keep_photos: Annotated[
        bool, typer.Option("--keep-photos", help="Move the photos beside the gallery instead of deleting them.")
    ] = False,
) -> None:
    """Delete a person for good: vectors, thumbnails and the folder of photos."""
    settings = _options.load_settings(config_file, gallery=gallery)
    folder = settings.gallery.folder
    if settings.has_history:
        from recognizer.app.unfinished import recover  # SQLAlchemy takes .2 s to import

        recover(settings)  # else photos of the person may stand where a merge left them
    person = upkeep.find_person(folder, name)
    photos = "The photos will be moved out of the gallery." if keep_photos else "The photos will be deleted for good."
    if not yes and not typer.confirm(f"Remove {shown(person)} from {folder}? {photos}", err=True):
        raise UsageError("Nothing was removed.")
    kept = upkeep.remove(folder, person, keep_photos=keep_photos)
    moved = f" The photos are in {escape(str(kept))}." if kept else ""
    _console.out.print(f"{escape(shown(person))} is removed.{moved}", highlight=False, soft_wrap=True)
    from recognizer.app.undelivered import forget_undelivered
    from recognizer.cli._copies import show_copies, show_undelivered

    show_undelivered(forget_undelivered(settings, person))
    if settings.has_history:
        from recognizer.app.history import read_history
        from recognizer.history.backup_list import list_copies

        words = f"What the history holds of {escape(shown(person))}, 'history forget' deletes."
        _console.out.print(words, highlight=False, soft_wrap=True)
        with closing(read_history(settings)) as history:
            copies, place = list_copies(history), None if history.file is None else history.file.parent
        show_copies(copies, person, place)


@app.command()
def rename(
    old: Name,
    new: Annotated[str, typer.Argument(help="The new name.")],
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    relabel: Annotated[
        bool | None,
        typer.Option("--history/--no-history", help="Also rename their tracks in the history; default: prompt."),
    ] = None,
) -> None:
    """Give a person, and their folder, another name, and their tracks in the history if you say so."""
    settings = _options.load_settings(config_file, gallery=gallery)
    person = upkeep.find_person(settings.gallery.folder, old)
    stored = rename_everywhere(settings, person, person_name(new), relabel=relabel)
    _console.out.print(f"{escape(shown(person))} is now {escape(shown(stored))}.", highlight=False, soft_wrap=True)


@app.command()
def audit(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Name people who could be taken for one another, odd and weak photos, and what the record does not know yet."""
    settings = _options.load_settings(config_file, gallery=gallery)
    folder = settings.gallery.folder
    limits, confusable = _likeness(folder)
    found = look_over(folder, suffixes=PICTURE_SUFFIXES, limits=limits, confusable=confusable)
    withheld = _withheld(settings, sorted(upkeep.everybody(folder)))
    if as_json:
        _console.print_json({"gallery": str(folder), **dataclasses.asdict(found), "withheld": withheld})
        return
    lines = [f"[red]consent[/] {escape(name)} is not recognised: {escape(why)}" for name, why in withheld.items()]
    lines += _told(found, folder)
    for line in lines or ["[green]Nothing to look into.[/]"]:
        _console.out.print(line, highlight=False, soft_wrap=True)
    if found.single_photo:
        _console.out.print(_single_photo(found, folder), highlight=False, soft_wrap=True)
    _console.out.print(
        f"{counted(found.people, 'person', 'people')}, {counted(found.vectors, 'photo')} compared.", highlight=False
    )


def _single_photo(found: Audit, folder: Path) -> str:
    """Say who has one photo, what that costs by the model's calibration, and what to add."""
    with Gallery(folder) as record:
        model = record.model or ""
    measured = calibration_file.load(calibration_of(model_name(model), model, Cache()), model=model)
    names = ", ".join(found.single_photo[:10]) + (" and others" if len(found.single_photo) > 10 else "")
    text = f"{len(found.single_photo)} of {found.people} people have one photo: {names}."
    advice = "add two of another day, light or pose"
    if measured.impostors is None:
        return escape(f"{text} Three are better: {advice}.")
    one, three = (100 * measured.impostors.fnir.at(measured.known, photos).mean for photos in (1, 3))
    data = measured.impostors.data.partition(",")[0]
    cost = f"by one photo {one:.1f} % of single samples get no name, by three {three:.1f} %"
    return escape(f"{text} Three are better ({cost}, measured on {data}): {advice}.")


def _likeness(folder: Path) -> tuple[Limits, float]:
    """What likeness means to the gallery's model, and from which cosine on people are confusable."""
    with Gallery(folder) as record:
        model = record.model or ""
    name = model_name(model)
    entry, place = CATALOGUE.get(name), calibration_of(name, model, Cache())
    if (entry is not None and entry.in_auto) or (entry is None and place is None):
        return Limits(), CONFUSABLE
    measured = calibration_file.load(place, model=model)
    if not measured.measured:
        logger.warning("Nobody has measured how alike faces are to {}; likeness is not checked.", model)
    return build.likeness(measured), build.confusable_at(measured)


def _told(found: Audit, folder: Path) -> list[str]:
    lines = [
        f"[yellow]alike[/] {escape(pair.person)} ({escape(pair.file)}) and {escape(pair.other)} "
        f"({escape(pair.other_file)}): similarity {pair.similarity:.2f}. They may be taken for one another; are "
        "they one person, or is a photo in the wrong folder?"
        for pair in found.confusable
    ]
    lines += [
        f"[yellow]odd[/] {escape(odd.person)}/{escape(odd.file)} is unlike the person's other photos: "
        f"similarity {odd.similarity:.2f}"
        for odd in found.odd_photos
    ]
    lines += [f"[yellow]weak[/] {escape(name)} has only weak photos; add a better one" for name in found.weak_people]
    lines += [f"[red]missing[/] {escape(name)} has no usable photo: not enrolled" for name in found.unusable_people]
    lines += [f"[yellow]new[/] {escape(photo)} is not in the record yet" for photo in found.new_photos]
    lines += [f"[yellow]gone[/] {escape(photo)} is no longer in the folder" for photo in found.gone_photos]
    lines += [
        f"[yellow]poor[/] {escape(poor.person)}/{escape(poor.file)}: {escape(poor.text)}" for poor in found.poor_photos
    ]
    if found.new_photos or found.gone_photos:
        lines.append(escape(f'The record is behind the folder: python main.py enroll --gallery "{folder}"'))
    return lines
