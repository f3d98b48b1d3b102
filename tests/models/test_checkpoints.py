from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from recognizer.errors import WeightsError
from recognizer.models import checkpoints
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.checkpoints import by_hand, converted, variant_of


@pytest.mark.parametrize(
    ("file", "variant"),
    [
        ("edgeface_xs_q.pt", "edgeface_xs_q"),
        ("EdgeFace_XXS_Q (1).pt", "edgeface_xxs_q"),
        ("edgeface_xxs_epoch_12.pt", "edgeface_xxs"),
        ("edgeface_xs.pt", None),
        ("best.pt", None),
    ],
)
def test_variant_from_the_file_name(file: str, variant: str | None) -> None:
    assert variant_of(Path(file)) == variant


def test_lean_install_says_how_graphs_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(WeightsError, match=r"needs the packages timm, .*models export-bundle"):
        converted(Cache(tmp_path), "edgeface_xxs", "edgeface_xxs-0123456789ab", tmp_path / "own.pt")


def test_by_hand_names_address_and_command() -> None:
    entry = CATALOGUE["edgeface_xs_q"]
    assert entry.url is not None
    assert entry.url in by_hand(entry)
    assert "models import edgeface_xs_q.pt" in by_hand(entry)


def test_a_file_that_is_or_unpacks_too_large_is_no_checkpoint(tmp_path: Path) -> None:
    sparse, bomb = tmp_path / "sparse.pt", tmp_path / "bomb.pt"
    with sparse.open("wb") as file:
        file.truncate(checkpoints.CHECKPOINT_MAX_BYTES + 1)
    with pytest.raises(WeightsError, match="too large for a checkpoint"):
        checkpoints.import_checkpoint(sparse, Cache(tmp_path / "cache"), name="edgeface_xs")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", bytes(10_000))
    with pytest.raises(WeightsError, match="10000 bytes, wanted at most 9999"):
        checkpoints.require_size(bomb, 9999)
    checkpoints.require_size(bomb, 10_000)
