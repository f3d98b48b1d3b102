"""What evaluate, calibrate and predict share: settings, and vectors of many pictures with a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer import build, config, engines
from recognizer.errors import ImageError
from recognizer.evaluation.faces import EmbeddedPictures, Picture, VectorStore, cut_with, embed_pictures, take_aligned
from recognizer.jobs.progress import counting
from recognizer.weights.cache import Cache
from recognizer.weights.digest import sha256
from recognizer.weights.store import ResolvedModel

CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Folder in which vectors are kept for the next time.")
]


def settings_for(
    config_file: Path | None,
    *,
    model: str | None,
    engine: str | None,
    weights_dir: Path | None,
    facts: str | None = None,
    gallery: Path | None = None,
) -> config.Settings:
    """Settings with the options that these commands have."""
    overrides: dict[str, dict[str, Any]] = {
        "engine": {"name": engine},
        "embed": {"model": model, "weights_dir": weights_dir, "facts": facts},
        "gallery": {"folder": gallery},
    }
    return config.load(config_file, overrides)


def embedded(
    settings: config.Settings,
    resolved: ResolvedModel,
    pictures: Sequence[Picture],
    *,
    face_share: float | None,
    cache: Path | None,
    what: str,
    on_unreadable: Callable[[Picture, ImageError], None] | None = None,
) -> EmbeddedPictures:
    """Vectors of pictures, from the cache or computed with a bar on standard error.

    Args:
        settings: of detector and engine.
        resolved: the model.
        pictures: what to embed.
        face_share: side of the fallback crop as a share of the picture; ``None``: the pictures are crops already.
        cache: folder for the vectors; ``None`` for the user's cache.
        what: shown beside the bar.
        on_unreadable: told of pictures that cannot be read; without it the first one ends the work.
    """
    wanted = settings.detect
    detector = (
        f"mtcnn{wanted.min_face_px:g}-{wanted.pnet_threshold:g}-{wanted.rnet_threshold:g}-{wanted.onet_threshold:g}"
    )
    aligner = "aligned" if face_share is None else f"{detector}-centre-{face_share:g}"
    if engines.engine_of(settings, resolved) == engines.IN_BYTES:
        aligner += f"-int8-{sha256(resolved.ranges)[:8]}" if resolved.ranges else ""
    folder = cache or Cache().folder / "embeddings"
    plain = settings.model_copy(update={"embed": settings.embed.model_copy(update={"flip": False})})  # both are kept
    with VectorStore(folder, model=resolved.fingerprint, aligner=aligner) as store, counting(what) as on_progress:
        known = store.known()
        if all(picture.stamp in known for picture in pictures):  # no model needs to be loaded
            return store.get([picture.stamp for picture in pictures])
        embedder = build.embedder(plain, resolved)
        cut = embedder.facts.cut
        take = (
            take_aligned(cut)
            if face_share is None
            else cut_with(build.picture_detector(settings), face_share=face_share, cut=cut)
        )
        return embed_pictures(
            pictures, cut=take, embedder=embedder, store=store, on_progress=on_progress, on_unreadable=on_unreadable
        )
