from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from recognizer.embed import networks
from recognizer.models.catalogue import CATALOGUE, Entry

BUILT = [entry for entry in CATALOGUE.values() if entry.has_network]


@pytest.mark.parametrize("entry", BUILT, ids=lambda entry: entry.name)
def test_size_and_work_are_those_of_the_catalogue(entry: Entry) -> None:
    """EdgeFace's FLOPs are the paper's, a multiply-add as two; torch counts so, leaving out norms and activations."""
    with torch.device("meta"):  # shapes without numbers: the same sums in no time
        network, faces = (
            networks.create(entry.name),
            torch.zeros(1, 3, entry.spec.crop.size_px, entry.spec.crop.size_px),
        )
    assert sum(p.numel() for p in network.parameters()) == entry.parameters
    with FlopCounterMode(display=False) as counted, torch.inference_mode():
        vectors = network(faces)
    if entry.spec.classes:
        vectors, logits = vectors
        assert logits.shape[0] == 1
    assert vectors.shape == (1, entry.spec.dimension)
    if entry.mflops is not None:
        assert counted.get_total_flops() / 1e6 == pytest.approx(entry.mflops, rel=2e-3)


@pytest.mark.parametrize(("layers", "gflops"), [(18, 2.6), (50, 6.3), (100, 12.1)])
def test_iresnets_are_as_large_as_arcface_torch_says(layers: int, gflops: float) -> None:
    """Its README counts a multiply-add as one."""
    mflops = CATALOGUE[f"iresnet{layers}"].mflops
    assert mflops is not None
    assert mflops / 2000 == pytest.approx(gflops, abs=0.05)
