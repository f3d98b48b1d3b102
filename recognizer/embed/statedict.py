"""Read torch checkpoints without executing them, and load them into a network key for key."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recognizer.errors import WeightsError


def fill(network: nn.Module, state: Mapping[str, Tensor], *, name: str, path: Path) -> None:
    """Load a state dict into a network: exactly its keys, each of the same shape.

    Args:
        network: to fill.
        state: layer names to tensors.
        name: of the network, for the error.
        path: of the file, for the error.

    Raises:
        WeightsError: naming the first keys that are missing, unexpected, or of another shape.
    """
    wanted = network.state_dict()
    odd = [(key, value) for key, value in state.items() if not isinstance(value, Tensor)]
    if odd:
        raise WeightsError(f"{path} does not hold {name}: {odd[0][0]} is a {type(odd[0][1]).__name__}, no tensor.")
    shared = [key for key in wanted if key in state]
    differing = [
        ("missing", [key for key in wanted if key not in state]),
        ("unexpected", [key for key in state if key not in wanted]),
        (
            "other shape",
            [
                f"{key}: wanted {tuple(wanted[key].shape)}, got {tuple(state[key].shape)}"
                for key in shared
                if wanted[key].shape != state[key].shape
            ],
        ),
    ]
    if any(keys for _, keys in differing):
        raise WeightsError(
            f"{path} does not hold {name}: {''.join(_listed(differing))}pass the model that the file was made for."
        )
    network.load_state_dict(dict(state))


def _listed(differing: list[tuple[str, list[str]]]) -> Iterator[str]:
    for what, keys in differing:
        if keys:
            yield f"{len(keys)} {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''}); "


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a state dict without executing anything in the file.

    Raises:
        WeightsError: if the file is missing, damaged, or would execute code.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch deprecates the int8 storage that the published files use
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"There is no weight file {path}.") from None
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} was refused: a weight file may hold tensors only, and loading this one would run code or read "
            f"something else{_called_function(error)}. Fetch the official file again."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path} is no readable checkpoint, perhaps truncated ({_first_line(error)}). Fetch it again."
        ) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise WeightsError(f"{path} holds a {type(state).__name__}, wanted a mapping from layer names to tensors.")
    return dict(state)


def _called_function(error: pickle.UnpicklingError) -> str:
    """Extract the function that a file would call from torch's message; empty where it names none."""
    called = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f" (it calls {called[1]})" if called else ""


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:160]
