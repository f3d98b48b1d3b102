"""Resolve models given as a file or a fingerprint, not as a name of the catalogue."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.errors import WeightsError
from recognizer.models import spec_file
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, entry_with_digest, entry_with_sha256, fingerprint_of
from recognizer.models.checkpoints import converted, variant_of
from recognizer.models.digest import git_blob_id, sha256
from recognizer.models.download import Progress
from recognizer.models.published_specs import EDGEFACE
from recognizer.models.resolved_model import ResolvedModel, calibration_of, doubt, known, ranges_of


def cached_graph(name: str, cache: Cache) -> ResolvedModel | None:
    """Resolve a fingerprint to a graph of the cache, such as one from a bundle; ``None`` without one."""
    manifest = cache.manifest(name)
    if manifest is None or manifest.name not in CATALOGUE or (graph := cache.graph(name)) is None:
        return None
    entry = CATALOGUE[manifest.name]
    origin = f"{name} from the cache {cache.folder}{doubt(entry, name, cache)}"
    return known(entry, graph, name, origin, None, cache)


def own_graph(path: Path, name: str | None, given: Mapping[str, Any], cache: Cache) -> ResolvedModel:
    """Resolve an ``.onnx`` file by the spec beside it, the spec given, or its digest.

    Without a spec it counts as a graph of this program, such as ``train --export`` writes. It needs thresholds of its
    own: after a short training strangers reach similarities that mean a name for the published weights.

    Raises:
        ConfigError: if the spec is not valid.
        WeightsError: if there is no such file.
    """
    if not os.path.isfile(path):
        raise WeightsError(f"There is no model file {path}, or it may not be read.")
    name = name or path.stem
    stated = spec_file.beside(path)
    spec, origin = EDGEFACE, f"{path}, a graph of your own: unverified"
    if given or stated is not None:
        where = f"The spec of {path}, beside it or given"
        spec = spec_file.spec_from({**(stated or {}), **given}, where)
    elif official := entry_with_sha256(sha256(path)):
        name, spec, origin = official.name, official.spec, f"{path}, the official {official.name} by its digest"
    fingerprint = fingerprint_of(name, spec_file.digest_with(spec, git_blob_id(path)))
    return ResolvedModel(
        name,
        path,
        fingerprint,
        origin,
        calibration_of(name, fingerprint, cache),
        spec=spec,
        own_graph=True,
        has_defaults=False,
        ranges=ranges_of(fingerprint, cache),
    )


def trained_checkpoint(path: Path, name: str | None, cache: Cache, progress: Progress) -> ResolvedModel:
    """Resolve a checkpoint written by ``train``; it needs thresholds of its own.

    Raises:
        WeightsError: if the file is missing, does not state its network, or is refused.
    """
    if not os.path.isfile(path):
        raise WeightsError(f"There is no model file {path}, or it may not be read.")
    name = name or path.stem
    fingerprint = fingerprint_of(name, git_blob_id(path))
    graph = converted(cache, name, fingerprint, path, progress)
    origin = f"{path}, a checkpoint of your own training: unverified"
    measured = calibration_of(name, fingerprint, cache)
    ranges = ranges_of(fingerprint, cache)
    return ResolvedModel(name, graph, fingerprint, origin, measured, has_defaults=False, ranges=ranges)


def checkpoint_file(path: Path, variant: str | None, cache: Cache, progress: Progress) -> ResolvedModel:
    """Resolve a torch checkpoint, official or not.

    Raises:
        WeightsError: if the file is missing, its network is unknown, or it is refused.
    """
    if not os.path.isfile(path):
        raise WeightsError(f"There is no model file {path}, or it may not be read.")
    digest = git_blob_id(path)
    if official := entry_with_digest(digest):
        if variant not in (None, official.name):
            raise WeightsError(f"{path} is the official {official.name} (digest {digest}), not {variant}.")
        graph = converted(cache, official.name, official.fingerprint, path, progress)
        origin = f"{path}, the official {official.name} by its digest"
        return known(official, graph, official.fingerprint, origin, path, cache)
    variant = variant or variant_of(path)
    names = ", ".join(entry.name for entry in CATALOGUE.values() if entry.has_network)
    if variant is None:
        raise WeightsError(f"{path}: its file name names no known network; pass NAME={path} with one of: {names}.")
    entry = CATALOGUE.get(variant)
    if entry is None or not entry.has_network:
        raise WeightsError(f"{variant}={path}: there is no network {variant}; there are: {names}.")
    fingerprint = fingerprint_of(variant, digest)
    graph = converted(cache, variant, fingerprint, path, progress)
    if entry.blob_id is None:
        origin = f"{path}, used as {variant}: no digest is published to verify it by"
    else:
        origin = f"{path}, used as {variant} but not the official file: unverified"
        logger.warning("{} is not the official {}: unverified.", path, variant)
    return known(entry, graph, fingerprint, origin, path, cache)
