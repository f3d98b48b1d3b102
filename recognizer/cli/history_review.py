"""python main.py history: the commands that correct what was seen, and undo, forget and encrypt it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.app import build
from recognizer.cli import _console, _files, _history_options, _options
from recognizer.cli._progress import model_bar
from recognizer.cli._tables import short_source, show_rows
from recognizer.counting import counted
from recognizer.errors import UsageError

ClusterArgument = Annotated[int, typer.Argument(help="Its number in 'history unknowns'.")]


def unknowns(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    state: Annotated[str, typer.Option("--state", help="open, ignored or discarded.")] = "open",
    least: Annotated[int, typer.Option("--at-least", min=1, help="Tracks that a cluster has at least.")] = 1,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most clusters.")] = 50,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write the best faces of each cluster here, as one picture (.jpg).")
    ] = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Cluster the unknown people who were seen, and list the clusters."""
    from recognizer.app.history import read_history
    from recognizer.history import clusters
    from recognizer.history.contact_sheet import cluster_sheet

    if sheet is not None:
        _files.require_suffix(sheet, _files.JPEG, option="--sheet")
    if state not in ("open", "ignored", "discarded"):
        raise UsageError(f"--state: wanted open, ignored or discarded, got {state!r}.")
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    with closing(read_history(settings)) as history:
        with model_bar() as progress:
            resolved = build.model(settings, progress)
        needed = build.thresholds(settings, resolved)
        clusters.update_clusters(history, model=resolved.fingerprint, threshold=needed.same_cluster)
        found = clusters.list_clusters(history, state=state, least=least, limit=limit, wanted=needed.known)
        if sheet is not None and found:
            _files.save(sheet, cluster_sheet(history, found), wanted="the contact sheet", private=True)
    if as_json:
        _console.print_json(found)
        return
    show_rows(
        [
            {
                "cluster": row["cluster"],
                "tracks": row["tracks"],
                "first": row["first"][:16].replace("T", " "),
                "last": row["last"][:16].replace("T", " "),
                "sources": ", ".join(short_source(source) for source in row["sources"]),
                "closest": row["closest"],
                "track": ", ".join(map(str, row["track_ids"][:8])),
            }
            for row in found
        ],
        "No unknown person was seen.",
    )
    if sheet is not None and found:
        _console.out.print(f"Their faces: {sheet}", highlight=False, markup=False, soft_wrap=True)


def name(
    cluster: ClusterArgument,
    person: Annotated[str, typer.Argument(help="The person's name.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
) -> None:
    """Name a cluster: its tracks bear this name from now on. Nobody is enrolled by it."""
    from recognizer.gallery.names import person_name
    from recognizer.history import clusters

    with _history_options.open_history(config_file, gallery) as history:
        _done(clusters.name_cluster(history, cluster, person_name(person)))
    _console.out.print(f"'history enrol {cluster}' offers its pictures as photos for the gallery.", highlight=False)


def ignore(
    cluster: ClusterArgument, config_file: _options.ConfigOption = None, gallery: _options.GalleryOption = None
) -> None:
    """Put a cluster aside whose face does not matter."""
    _set_state(cluster, "ignored", config_file, gallery)


def discard(
    cluster: ClusterArgument, config_file: _options.ConfigOption = None, gallery: _options.GalleryOption = None
) -> None:
    """Put a cluster aside that shows no face."""
    _set_state(cluster, "discarded", config_file, gallery)


def split(
    cluster: ClusterArgument,
    tracks: Annotated[list[int], typer.Argument(help="Tracks that are somebody else.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
) -> None:
    """Move tracks of a cluster into a new one."""
    from recognizer.history import clusters

    with _history_options.open_history(config_file, gallery) as history:
        action, new = clusters.split(history, cluster, tracks)
    _console.out.print(f"The tracks are cluster {new} now.", highlight=False)
    _done(action)


def merge(
    into: ClusterArgument,
    others: Annotated[list[int], typer.Argument(help="Clusters that show the same person.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
) -> None:
    """Move all tracks of other clusters into one."""
    from recognizer.history import clusters

    if into in others:
        raise UsageError(f"Cluster {into} cannot be merged into itself.")
    with _history_options.open_history(config_file, gallery) as history:
        _done(clusters.merge(history, into, others))


def reject(
    track: Annotated[int, typer.Argument(help="Its number in 'history list'.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
) -> None:
    """Say that a track is not the person it was named; later runs with the history on heed it."""
    from recognizer.app.history import read_history
    from recognizer.app.replay_warning import cost_of_rejection, enrolled_with
    from recognizer.history.face_search import vector_of_track
    from recognizer.history.rejections import reject_track

    settings = _options.load_settings(config_file, gallery=gallery)
    with closing(read_history(settings)) as history:
        action, person, similarity = reject_track(history, track)
        _, model, _ = vector_of_track(history, track)
        cost = cost_of_rejection(history, model, person, enrolled_with(settings, model))
    _console.err.print(
        f"Note: the track's similarity was {similarity:.2f}. Who is nearer to it than to the photos of {person} is "
        "unknown from now on; that may be the person, too, in such light or pose."
        + ("" if cost is None else f" {_cost(cost, person)}"),
        highlight=False,
        markup=False,
    )
    _done(action)


def actions(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most actions.")] = 20,
    as_json: _options.JsonOption = False,
) -> None:
    """List what was corrected, the newest first."""
    from recognizer.history import actions as recorded

    with _history_options.open_history(config_file, gallery) as history:
        found = recorded.list_actions(history, limit=limit)
    if as_json:
        _console.print_json(found)
    else:
        show_rows(found, "Nothing was corrected yet.")


def undo(
    action: Annotated[int, typer.Argument(help="Its number in 'history actions'.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    model: _options.ModelOption = None,
) -> None:
    """Undo a correction exactly; refused while a later one depends on it."""
    from recognizer.app.enrolment import make_enroller
    from recognizer.app.history import read_history
    from recognizer.app.undo import undo_action

    settings = _options.load_settings(config_file, gallery=gallery, model=model)
    with closing(read_history(settings)) as history:
        what = undo_action(history, action, gallery=settings.gallery.folder, enroller=lambda: make_enroller(settings))
    _console.out.print(f"Undone: {what}", highlight=False, markup=False)


def forget(
    person: Annotated[str, typer.Argument(help="The person's name.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    yes: _options.YesOption = False,
) -> None:
    """Delete every track of a person for good, and the name wherever it stands; 'gallery remove' ends recognition."""
    from recognizer.app.history import read_history
    from recognizer.app.undelivered import forget_undelivered
    from recognizer.app.unfinished import recover
    from recognizer.cli._copies import show_copies, show_undelivered
    from recognizer.gallery.names import person_name
    from recognizer.history.backup_list import list_copies
    from recognizer.history.refusals import NotThereError
    from recognizer.history.retention import forget_person

    person = person_name(person)
    if not yes and not typer.confirm(f"Delete everything that the history holds of {person}? It cannot be undone."):
        raise typer.Exit(1)
    settings = _options.load_settings(config_file, gallery=gallery)
    recover(settings)  # else photos of the person may stand where a merge left them
    with closing(read_history(settings)) as history:
        copies, unknown = list_copies(history), None
        try:
            deleted = forget_person(history, person)
        except NotThereError as error:  # forgotten already; copies and waiting events may hold them all the same
            unknown = error
        folder = None if history.file is None else history.file.parent
    undelivered = forget_undelivered(settings, person)
    if unknown is None:
        _console.out.print(f"Deleted: {counted(deleted, 'track')}.", highlight=False)
    show_copies(copies, person, folder)
    show_undelivered(undelivered)
    if unknown is not None:
        raise unknown


def key(path: Annotated[Path, typer.Argument(help="The new file.")]) -> None:
    """Write a new key, for settings' history.key_file. Keep a copy: without it an encrypted history cannot be read."""
    from recognizer.history.encryption import write_key

    write_key(path)
    _console.out.print(f"The key is in {path}.", highlight=False, markup=False)


def rekey(
    new_key: Annotated[Path | None, typer.Option("--new-key", help="File of the new key.")] = None,
    decrypt: Annotated[bool, typer.Option("--decrypt", help="Store vectors and crops as they are.")] = False,
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
) -> None:
    """Encrypt the history with a new key; the present key, if there is one, is that of the settings."""
    from recognizer.history.database import REPLACED
    from recognizer.history.encryption import find_key
    from recognizer.history.keyed import open_to_rekey
    from recognizer.history.keyed import rekey as rekey_history

    if (new_key is None) != decrypt:
        raise UsageError("Give --new-key FILE, or --decrypt.")
    settings = _options.load_settings(config_file, gallery=gallery)
    with closing(open_to_rekey(settings.history_place, find_key(settings.history.key_file))) as history:
        count = rekey_history(history, find_key(new_key) if new_key else None)
        replaced = None if history.file is None else history.file.with_name(REPLACED)
    _console.out.print(f"{count} samples were rewritten. Change history.key_file in the settings now.", highlight=False)
    if replaced is not None and replaced.exists():
        words = f"The history that a restore replaced keeps its old key, or none; delete it: {replaced}"
        _console.out.print(words, highlight=False, markup=False, soft_wrap=True)


def _cost(lost: Sequence[int], person: str) -> str:
    if not lost:
        return f"No other track of the last week that was named {person} loses the name by it."
    shown = ", ".join(map(str, lost[:8])) + (", ..." if len(lost) > 8 else "")
    return (
        f"By it {len(lost)} other tracks of the last week lose the name {person}: {shown}. Where they are {person}, "
        "undo it and add a photo in such light instead; where not, 'history replay --apply' takes the name from them."
    )


def _set_state(cluster: int, state: str, config_file: Path | None, gallery: Path | None) -> None:
    from recognizer.history import clusters

    with _history_options.open_history(config_file, gallery) as history:
        _done(clusters.set_state(history, cluster, state))


def _done(action: int) -> None:
    _console.out.print(f"Done; 'history undo {action}' takes it back.", highlight=False)


COMMANDS: tuple[Any, ...] = (unknowns, name, ignore, discard, split, merge, reject, actions, undo, forget, key, rekey)
