"""Pack converted graphs into one file, for machines without torch or a network.

A zip with ``manifest.json`` (a list of the cache's manifests) and one ``<fingerprint>.onnx`` each. The digests in it
detect damage, not a malicious sender; graphs cannot run code. An imported graph is tried on a picture, and counts as
verified only if its digest is in the catalogue.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recognizer.errors import ModelError, OutputError, WeightsError
from recognizer.models.cache import CONVERTER_VERSION, Cache
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.checkpoints import max_file_bytes
from recognizer.models.digest import sha256
from recognizer.models.manifest import Manifest, manifest_from
from recognizer.models.trial import try_graph
from recognizer.whole_files import whole_file

_MANIFEST = "manifest.json"
MAX_MODELS = 64
"""The catalogue has fewer."""
MAX_GRAPH_BYTES = 1 << 29
"""The largest network of the catalogue, IResNet-100, has 261 MB."""
MAX_TOTAL_BYTES = 1 << 31
"""All networks of the catalogue have 1.7 GB."""
MAX_MANIFEST_BYTES = 1 << 16
MAX_DIRECTORY_BYTES = 1 << 16
"""Of the zip's list of members; one of 64 models has 8 KB."""
_FINGERPRINT = re.compile(r"[a-z0-9_]{1,64}-[0-9a-f]{12}")
_CONVERTER = "converter"


@dataclass(frozen=True, slots=True)
class Imported:
    """A model taken from a bundle."""

    name: str
    verified: bool
    """The graph's digest is in the catalogue."""


def export_bundle(target: Path, cache: Cache, fingerprints: Sequence[str]) -> None:
    """Write a bundle with the graphs of these weights from the cache.

    Raises:
        WeightsError: if a graph is not in the cache.
        OutputError: if the file cannot be written.
    """
    manifests: list[Manifest] = []
    for fingerprint in fingerprints:
        manifest = cache.manifest(fingerprint)
        if manifest is None or cache.graph(fingerprint) is None:
            raise WeightsError(f"The cache {cache.folder} holds no converted {fingerprint}.")
        manifests.append(replace(manifest, brought=False))
    try:
        with whole_file(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
            listed = [manifest.as_dict() for manifest in manifests]
            bundle.writestr(_MANIFEST, json.dumps({_CONVERTER: CONVERTER_VERSION, "models": listed}, indent=2))
            for manifest in manifests:
                bundle.write(cache.graph_path(manifest.fingerprint), f"{manifest.fingerprint}.onnx")
    except OSError as error:
        raise OutputError(f"The bundle {target} cannot be written: {error.strerror or error}.") from error


def import_graphs(source: Path, cache: Cache, *, attempt: Callable[[Path, str], None] = try_graph) -> list[Imported]:
    """Copy the graphs of a bundle into the cache.

    Args:
        source: the bundle.
        cache: keeps the graphs.
        attempt: tries a graph of a model on a picture, and raises ``ModelError`` if it is no such network.

    Raises:
        WeightsError: if the file is no bundle, is damaged or too large, holds a graph that does not work, or was
            written by another version of the program.
    """
    try:
        _require_small_directory(source)
        with zipfile.ZipFile(source) as bundle:
            if sum(member.file_size for member in bundle.infolist()) > MAX_TOTAL_BYTES:
                raise zipfile.BadZipFile(f"it unpacks to more than {MAX_TOTAL_BYTES >> 30} GB")
            return [_install(bundle, manifest, source, cache, attempt) for manifest in _manifests(bundle, source)]
    except WeightsError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds on damaged archives, RuntimeError for passwords
        raise WeightsError(
            f"{source} is no readable bundle ({error or type(error).__name__}); export it again."
        ) from error


def _require_small_directory(source: Path) -> None:
    """Refuse a zip whose list of members is large: ``zipfile`` reads it whole, 500 bytes of memory for each 50."""
    with source.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - (1 << 16) - 22)
        file.seek(start)
        tail = file.read()
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) < place + 22:
        raise zipfile.BadZipFile("it is no zip, or its end is missing")
    (size,) = struct.unpack_from("<L", tail, place + 12)
    if size > MAX_DIRECTORY_BYTES or tail[max(0, place - 20) : place].startswith(b"PK\6\7"):
        raise zipfile.BadZipFile(f"it has more members than a bundle of {MAX_MODELS} models")


def _manifests(bundle: zipfile.ZipFile, source: Path) -> list[Manifest]:
    try:
        content = json.loads(_small(bundle, _MANIFEST, MAX_MANIFEST_BYTES))
        version, models = content[_CONVERTER], content["models"]
        if not isinstance(models, list) or len(models) > MAX_MODELS:
            raise ValueError(f"wanted a list of at most {MAX_MODELS} models")
        manifests = [manifest_from(model) for model in models]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WeightsError(f"{source} holds no manifest of models ({error}); export it again.") from error
    fits = all(
        _FINGERPRINT.fullmatch(each.fingerprint) and each.fingerprint.rpartition("-")[0] == each.name
        for each in manifests
    )
    if version != CONVERTER_VERSION:
        raise WeightsError(
            f"{source} was made by another version of this program (converter {version}, wanted {CONVERTER_VERSION}); "
            "export it again with this one."
        )
    if not fits:
        raise WeightsError(f"{source} names a graph as this program does not; export it again.")
    return manifests


def _small(bundle: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with bundle.open(name) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit} bytes")
    return data


def _install(
    bundle: zipfile.ZipFile, manifest: Manifest, source: Path, cache: Cache, attempt: Callable[[Path, str], None]
) -> Imported:
    entry = CATALOGUE.get(manifest.name)

    def make(target: Path) -> float:
        member = bundle.getinfo(f"{manifest.fingerprint}.onnx")
        limit = MAX_GRAPH_BYTES if entry is None else min(MAX_GRAPH_BYTES, max_file_bytes(entry))
        if member.file_size > limit:
            raise WeightsError(
                f"{source}: {member.filename} claims {member.file_size} bytes; such a model has less than {limit}."
            )
        with bundle.open(member) as packed, target.open("wb") as out:
            shutil.copyfileobj(packed, out)
        came = sha256(target)
        if came != manifest.sha256:
            raise WeightsError(f"{source}: {member.filename} is damaged (wanted digest {manifest.sha256}, got {came}).")
        try:
            attempt(target, manifest.name)
        except ModelError as error:
            raise WeightsError(f"{source}: {member.filename} is refused: {error}") from error
        return manifest.parity

    graph = cache.add_graph(manifest.name, manifest.fingerprint, make, brought=True)
    return Imported(manifest.name, entry is not None and sha256(graph) == entry.graph_sha256)
