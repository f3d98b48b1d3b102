from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import hubconf
from recognizer.embed.edgeface import VARIANTS

ROOT = str(Path(__file__).resolve().parent.parent)


def hub(name: str, **options: bool) -> nn.Module:
    network: nn.Module = torch.hub.load(ROOT, name, source="local", **options)  # type: ignore[no-untyped-call]
    return network


def test_hub_names_the_six() -> None:
    assert all(callable(getattr(hubconf, name)) for name in VARIANTS)


def test_random_weights() -> None:
    network = hub("edgeface_xxs", pretrained=False)
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 112, 112)).shape == (2, 512)


@pytest.mark.weights
def test_official_weights_from_the_folder_of_the_environment(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOGNIZER_WEIGHTS", str(shared_data / "weights"))
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path))
    network, other = hub("edgeface_xxs_q"), hub("edgeface_xxs_q", pretrained=False)
    same = [torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True)]
    assert not all(same)
