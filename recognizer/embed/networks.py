"""Build torch networks by their names in the catalogue; imports torch, so recognition never imports this module."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from recognizer.embed import edgeface, facenet, iresnet


def create(name: str) -> nn.Module:
    """Build a network with random weights.

    Raises:
        WeightsError: if there is no network of that name.
    """
    if name in iresnet.VARIANTS:
        return iresnet.create(name)
    if name in facenet.CLASSES:
        return facenet.create(name)
    return edgeface.create(name)


def load(name: str, path: Path) -> nn.Module:
    """Build a network and fill it from a checkpoint in its published layout.

    Raises:
        WeightsError: if there is no network of that name, or the file is refused.
    """
    if name in iresnet.VARIANTS:
        return iresnet.load(name, path)
    if name in facenet.CLASSES:
        return facenet.load(name, path)
    return edgeface.load(name, path)


def outputs(network: nn.Module) -> list[str]:
    """Return the names of a network's outputs, in order: vectors, and class logits if it has a classifier."""
    return ["vectors", "logits"] if getattr(network, "logits", None) is not None else ["vectors"]
