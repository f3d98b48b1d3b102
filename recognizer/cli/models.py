"""python main.py models ...: which models there are, and getting them onto this machine."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from loguru import logger
from rich.markup import escape
from rich.table import Table

from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.quantise import quantise
from recognizer.errors import ModelError, OutputError, UsageError, WeightsError
from recognizer.models import checkpoints, resolve, spec_file
from recognizer.models.bundle import Imported, export_bundle, import_graphs
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, EDGEFACE_NOTE, SHIPPED_FOLDER, entry_of, fingerprint_of
from recognizer.models.digest import git_blob_id
from recognizer.whole_files import whole_file

app = typer.Typer(help="Embedding models: list, fetch, import, and where they lie.", no_args_is_help=True)

app.command()(quantise)

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names from 'models list'.")]


@app.command("list")
def list_models(weights_dir: _options.WeightsDirOption = None, as_json: _options.JsonOption = False) -> None:
    """Show every model with its published numbers, and whether it is on this machine."""
    cache = Cache()
    states = {name: resolve.state_of(entry, cache, weights_dir) for name, entry in CATALOGUE.items()}
    if as_json:
        rows = []
        for name, entry in CATALOGUE.items():
            row = asdict(entry) | {"state": states[name].value, "shipped": entry.shipped_file is not None}
            row["spec"] = spec_file.as_dict(entry.spec)
            rows.append(row)
        _console.print_json(rows)
        return
    table = Table(
        caption=f"LFW, and MFLOPs of EdgeFace, as published; other MFLOPs as counted. {EDGEFACE_NOTE}",
        caption_justify="left",
    )
    for heading in ("model", "weights", "MFLOPs", "LFW %", "state"):
        numeric = heading in {"weights", "MFLOPs", "LFW %"}
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=heading != "model")
    for name, entry in CATALOGUE.items():
        there = states[name] is not resolve.State.ABSENT
        table.add_row(
            f"{name}\n[dim]{escape(f'{entry.good_for}; {entry.licence}')}[/]",
            f"{entry.parameters / 1e6:.2f} M",
            "" if entry.mflops is None else f"{entry.mflops:.0f}",
            "" if entry.lfw_percent is None else f"{entry.lfw_percent:.2f}",
            f"[green]{states[name].value}[/]" if there else f"[dim]{states[name].value}[/]",
        )
    _console.out.print(table)


@app.command()
def fetch(
    names: Names = None, every: Annotated[bool, typer.Option("--all", help="All that can be fetched.")] = False
) -> None:
    """Download official checkpoints into the cache, verify and convert them."""
    wanted = [e.name for e in CATALOGUE.values() if e.url] if every else names or []
    if not wanted:
        raise UsageError("Say which model to fetch, or --all; 'models list' shows them.")
    entries = [entry_of(name) for name in wanted]  # a misspelt name fails before the first download
    cache = Cache()
    for entry in entries:
        with model_bar() as progress:
            try:
                path = checkpoints.fetch(entry, cache, progress=progress)
            except WeightsError as error:
                raise WeightsError(f"{error}\nBy hand: {checkpoints.by_hand(entry)}") from error
            fingerprint = fingerprint_of(entry.name, git_blob_id(path))
            graph = checkpoints.converted(cache, entry.name, fingerprint, path, progress)
        done = "verified and converted" if entry.blob_id else "converted; unverified, as no digest is published"
        _console.err.print(f"{entry.name}: {done}, {escape(str(graph))}", soft_wrap=True)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="An official .pt or .pth file, or a .zip from 'models export-bundle'.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Which model the file is, where its name does not say.")
    ] = None,
) -> None:
    """Take a file that was carried here: verify it, keep it in the cache, convert it."""
    cache = Cache()
    with model_bar() as progress:
        if file.suffix.lower() == ".zip":
            taken = import_graphs(file, cache)
        else:
            model = checkpoints.import_checkpoint(file, cache, name=name, progress=progress)
            taken = [Imported(model, entry_of(model).blob_id is not None)]
    for each in taken:
        what = "verified" if each.verified else "unverified (its digest is not in the catalogue), tried"
        _console.err.print(f"{each.name}: {what} and in the cache {escape(str(cache.folder))}", soft_wrap=True)


@app.command()
def spec(
    kind: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(spec_file.KINDS)}.")] = None,
) -> None:
    """Print the spec of a kind of network, as the file that belongs beside an .onnx file of your own."""
    if kind is None:
        for name, known in spec_file.KINDS.items():
            _console.out.print(f"# {name}", highlight=False)
            typer.echo(spec_file.as_yaml(known))
    elif kind in spec_file.KINDS:
        typer.echo(spec_file.as_yaml(spec_file.KINDS[kind]), nl=False)
    else:
        raise UsageError(f"There is no kind of network '{kind}'; there are: {', '.join(spec_file.KINDS)}.")


@app.command("facts", hidden=True)
def facts(kind: Annotated[str | None, typer.Argument()] = None) -> None:
    """Print the spec of a kind; the old name of ``models spec``."""
    logger.warning("'models facts' is now called 'models spec'; the old name will be refused in the next release.")
    spec(kind)


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="A name from 'models list', auto, or a file.")] = resolve.AUTO,
    weights_dir: _options.WeightsDirOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not try the network.")] = False,
) -> None:
    """Print the path of the graph, and nothing else; which one and why goes to standard error."""
    with model_bar() as progress:
        model = resolve.resolve(name, weights_dir=weights_dir, offline=offline, progress=progress)
    _console.err.print(escape(model.origin), soft_wrap=True, highlight=False)
    typer.echo(model.graph)


@app.command("export-bundle")
def export(
    file: Annotated[Path, typer.Argument(help="The .zip to write.")],
    names: Names = None,
    weights_dir: _options.WeightsDirOption = None,
) -> None:
    """Pack converted models for machines without torch; there: 'models import FILE.zip'."""
    cache = Cache()
    here = [
        e.name
        for e in CATALOGUE.values()
        if e.has_network and resolve.state_of(e, cache, weights_dir) is not resolve.State.ABSENT
    ]
    wanted = names or here
    if not wanted:
        raise UsageError("There is no model on this machine to pack; 'models fetch NAME' gets one.")
    fingerprint = []
    for name in wanted:
        with model_bar() as progress:
            fingerprint.append(resolve.resolve(name, weights_dir=weights_dir, progress=progress).fingerprint)
    export_bundle(file, cache, fingerprint)
    _console.err.print(f"{escape(str(file))}: {', '.join(wanted)}", soft_wrap=True)


@app.command("convert-detector")
def convert_detector(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Replace the shipped graphs by the new ones.")] = False,
) -> None:
    """Make the MTCNN graphs anew from facenet-pytorch and compare them with the shipped ones."""
    try:
        from recognizer.detect import nets  # loads torch, which a lean install does not have
    except ModuleNotFoundError as error:
        raise ModelError(f"Converting the detector needs the package {error.name}: pip install {error.name}") from error
    with tempfile.TemporaryDirectory() as made_in:
        made = nets.convert(Path(made_in))
        differing = [graph for graph in made if graph.read_bytes() != _shipped_bytes(SHIPPED_FOLDER / graph.name)]
        for graph in made:
            state = "differs" if graph in differing else "is the same"
            _console.out.print(f"{graph.name} {state} ({graph.stat().st_size} bytes)", highlight=False)
        if rebuild:
            for graph in differing:
                _replace(graph, SHIPPED_FOLDER / graph.name)
        elif differing:
            raise ModelError("The shipped graphs are not what facenet-pytorch gives here; --rebuild replaces them.")


def _shipped_bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _replace(made: Path, shipped: Path) -> None:
    try:
        with whole_file(shipped) as part:
            part.write_bytes(made.read_bytes())
    except OSError as error:
        raise OutputError(f"{shipped} cannot be written: {error.strerror or error}.") from error
