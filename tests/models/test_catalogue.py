from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.embed.edgeface import VARIANTS
from recognizer.errors import WeightsError
from recognizer.models.catalogue import CATALOGUE, Entry, entry_of, entry_with_digest, fingerprint_of
from recognizer.models.digest import git_blob_id

PUBLISHED = [entry for entry in CATALOGUE.values() if entry.blob_id]


def test_published_models_are_the_variants_of_the_network() -> None:
    assert {entry.name for entry in PUBLISHED} == set(VARIANTS)


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda entry: entry.name)
def test_published_entry_is_complete(entry: Entry) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", entry.blob_id or "")
    assert entry.url is not None
    assert entry.url.startswith("https://gitlab.idiap.ch/")
    assert entry.url.endswith(f"/{entry.name}.pt")
    assert entry.fingerprint == f"{entry.name}-{(entry.blob_id or '')[:12]}"
    assert entry_with_digest(entry.blob_id or "") is entry
    assert entry.licence
    assert entry.good_for


def test_fingerprints_differ() -> None:
    assert len({entry.fingerprint for entry in PUBLISHED}) == 6


def test_a_model_without_official_file_has_no_official_fingerprint() -> None:
    with pytest.raises(ValueError, match="no known digest"):
        _ = CATALOGUE["edgeface_xxs_own"].fingerprint


def test_unknown_name_lists_the_choices() -> None:
    with pytest.raises(WeightsError, match="No model 'nobody'; there are: auto, edgeface_xs_gamma_06"):
        entry_of("nobody")
    assert entry_with_digest("0" * 40) is None
    assert fingerprint_of("own", "0123456789abcdef") == "own-0123456789ab"


def test_store_and_catalogue_load_no_torch() -> None:
    code = "import sys, recognizer.models.resolve, recognizer.models.bundle; print('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.weights
@pytest.mark.parametrize("name", ["edgeface_xs_q", "edgeface_xxs_q"])
def test_digest_is_that_of_the_real_file(shared_data: Path, name: str) -> None:
    assert git_blob_id(shared_data / "weights" / f"{name}.pt") == CATALOGUE[name].blob_id
