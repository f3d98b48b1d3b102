"""Pack converted graphs into one file, for machines without torch or a network.

A zip with ``manifest.json`` (a list of the cache's manifests) and one ``<fingerprint>.onnx`` each. The digests detect
damage, not a malicious sender; graphs cannot run code.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from recognizer.errors import OutputError, WeightsError
from recognizer.models.cache import CONVERTER_VERSION, Cache, Manifest
from recognizer.models.digest import sha256

_MANIFEST = "manifest.json"
_MAX_BYTES = 1 << 29
_FINGERPRINT = re.compile(r"[a-z0-9_]{1,64}-[0-9a-f]{12}")
_CONVERTER = "converter"


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
        manifests.append(manifest)
    part = target.with_name(f"{target.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
            listed = [asdict(manifest) for manifest in manifests]
            bundle.writestr(_MANIFEST, json.dumps({_CONVERTER: CONVERTER_VERSION, "models": listed}, indent=2))
            for manifest in manifests:
                bundle.write(cache.graph_path(manifest.fingerprint), f"{manifest.fingerprint}.onnx")
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"The bundle {target} cannot be written: {error.strerror or error}.") from error


def import_bundle(source: Path, cache: Cache) -> list[str]:
    """Copy the graphs of a bundle into the cache; return the models' names.

    Raises:
        WeightsError: if the file is no bundle, is damaged, or was written by another version of the program.
    """
    try:
        with zipfile.ZipFile(source) as bundle:
            return [_install(bundle, manifest, source, cache) for manifest in _manifests(bundle, source)]
    except (zipfile.BadZipFile, OSError, KeyError, EOFError) as error:
        raise WeightsError(f"{source} is no readable bundle ({error}); export it again.") from error


def _manifests(bundle: zipfile.ZipFile, source: Path) -> list[Manifest]:
    try:
        content = json.loads(bundle.read(_MANIFEST))
        version, manifests = content[_CONVERTER], [Manifest(**model) for model in content["models"]]
        fits = all(isinstance(m.fingerprint, str) and _FINGERPRINT.fullmatch(m.fingerprint) for m in manifests)
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{source} holds no manifest of models ({error}); export it again.") from error
    if version != CONVERTER_VERSION or not fits:
        raise WeightsError(
            f"{source} was made by another version of this program (converter {version}, wanted {CONVERTER_VERSION}); "
            "export it again with this one."
        )
    return manifests


def _install(bundle: zipfile.ZipFile, manifest: Manifest, source: Path, cache: Cache) -> str:
    def make(target: Path) -> float:
        member = bundle.getinfo(f"{manifest.fingerprint}.onnx")
        if member.file_size > _MAX_BYTES:
            raise WeightsError(
                f"{source}: {member.filename} claims {member.file_size} bytes; models have less than {_MAX_BYTES}."
            )
        with bundle.open(member) as packed, target.open("wb") as out:
            shutil.copyfileobj(packed, out)
        came = sha256(target)
        if came != manifest.sha256:
            raise WeightsError(f"{source}: {member.filename} is damaged (wanted digest {manifest.sha256}, got {came}).")
        return manifest.parity

    cache.add_graph(manifest.name, manifest.fingerprint, make)
    return manifest.name
