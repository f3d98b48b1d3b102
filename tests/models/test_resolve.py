from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from recognizer.errors import WeightsError
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, Entry
from recognizer.models.checkpoints import fetch, import_checkpoint
from recognizer.models.digest import git_blob_id
from recognizer.models.resolve import State, resolve, state_of
from tests.models.graph_helpers import NOWHERE, keep_graph


class TestAuto:
    def test_takes_the_best_of_the_weights_dir(self, entry: Entry, weights_dir: Path, cache_dir: Path) -> None:
        absent = CATALOGUE["edgeface_xs_q"]
        catalogue = {e.name: e for e in (absent, entry)}
        model = resolve("auto", weights_dir=weights_dir, cache_dir=cache_dir, catalogue=catalogue)
        assert (model.name, model.fingerprint) == ("edgeface_xxs", entry.fingerprint)
        assert model.origin == f"edgeface_xxs from --weights-dir {weights_dir}, the best one found there"
        assert model.graph.parent == cache_dir / "graphs"

    def test_folder_of_the_environment(
        self, entry: Entry, weights_dir: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RECOGNIZER_WEIGHTS", str(weights_dir))
        model = resolve("auto", cache_dir=cache_dir, catalogue={entry.name: entry})
        assert "from RECOGNIZER_WEIGHTS" in model.origin

    def test_cached_graph_needs_no_checkpoint(self, entry: Entry, cache_dir: Path) -> None:
        model = resolve("auto", cache_dir=cache_dir, catalogue={entry.name: entry})
        assert "from the cache" in model.origin

    def test_altered_file_is_passed_over_and_named(self, entry: Entry, weights_dir: Path, cache_dir: Path) -> None:
        altered = weights_dir / "edgeface_xxs.pt"
        altered.write_bytes(altered.read_bytes()[:-1] + b"?")
        shutil.rmtree(cache_dir)
        with pytest.raises(WeightsError, match=f"wanted digest {entry.blob_id}, got {git_blob_id(altered)}"):
            resolve("auto", weights_dir=weights_dir, cache_dir=cache_dir, offline=True, catalogue={entry.name: entry})

    @pytest.mark.long
    def test_download_serves_a_machine_with_nothing(
        self, serve: Callable[..., Any], entry: Entry, random_checkpoint: Path, tmp_path: Path
    ) -> None:
        served = serve(random_checkpoint.read_bytes(), break_after=[100_000])
        steps: list[str] = []
        model = resolve(
            "auto",
            cache_dir=tmp_path / "new",
            catalogue={entry.name: replace(entry, url=served.url)},
            progress=lambda what, done, whole: steps.append(what),
        )
        assert "downloaded from" in model.origin
        assert {"fetching edgeface_xxs.pt", "converting edgeface_xxs, once"} == set(steps)
        assert git_blob_id(Cache(tmp_path / "new").checkpoint("edgeface_xxs")) == entry.blob_id

    def test_shipped_model_is_the_last_resort_and_says_so(self, entry: Entry, tmp_path: Path) -> None:
        shipped = tmp_path / "edgeface_xxs_own.onnx"
        shipped.write_bytes(b"a graph")
        own = replace(CATALOGUE["edgeface_xxs_own"], shipped=shipped)
        catalogue = {entry.name: entry, own.name: own}
        begun = time.monotonic()
        model = resolve("auto", cache_dir=tmp_path / "none", catalogue=catalogue)
        assert time.monotonic() - begun < 5
        assert (model.name, model.graph) == ("edgeface_xxs_own", shipped)
        assert model.fingerprint == f"edgeface_xxs_own-{git_blob_id(shipped)[:12]}"
        assert "shipped with the program, because no better one was found" in model.origin
        assert "models fetch edgeface_xs_gamma_06" in model.origin
        again = resolve("auto", cache_dir=tmp_path / "none", catalogue=catalogue)
        assert "download: not tried again, as it failed within the last day" in again.origin
        chosen = resolve("edgeface_xxs_own", cache_dir=tmp_path / "none", catalogue=catalogue)
        assert chosen.origin == "edgeface_xxs_own, shipped with the program"

    def test_with_something_to_fall_back_to_the_network_is_tried_once_a_day(
        self, serve: Callable[..., Any], entry: Entry, tmp_path: Path
    ) -> None:
        served = serve(b"", statuses=[404] * 9)
        shipped = tmp_path / "edgeface_xxs_own.onnx"
        shipped.write_bytes(b"a graph")
        own = replace(CATALOGUE["edgeface_xxs_own"], shipped=shipped)
        catalogue = {entry.name: replace(entry, url=served.url), own.name: own}
        resolve("auto", cache_dir=tmp_path / "c", catalogue=catalogue)
        requests = len(served.requests)
        assert requests > 0
        resolve("auto", cache_dir=tmp_path / "c", catalogue=catalogue)
        assert len(served.requests) == requests
        yesterday = time.time() - 25 * 3600
        os.utime(tmp_path / "c/unreachable", (yesterday, yesterday))
        resolve("auto", cache_dir=tmp_path / "c", catalogue=catalogue)
        assert len(served.requests) > requests

    def test_nothing_at_all_says_what_was_tried_and_what_to_do(self, entry: Entry, tmp_path: Path) -> None:
        begun = time.monotonic()
        with pytest.raises(WeightsError) as caught:
            resolve("auto", weights_dir=tmp_path / "typo", cache_dir=tmp_path / "c", catalogue={entry.name: entry})
        assert time.monotonic() - begun < 5
        message = str(caught.value)
        for part in (
            "typo: no such folder, or one that may not be entered",
            "cannot be reached",
            "models fetch edgeface_xxs",
            "models import",
            NOWHERE,
        ):
            assert part in message


class TestPath:
    def test_unofficial_file_is_named_by_its_own_digest(self, random_checkpoint: Path, cache_dir: Path) -> None:
        model = resolve(str(random_checkpoint), cache_dir=cache_dir)
        assert model.name == "edgeface_xxs"
        assert model.fingerprint == f"edgeface_xxs-{git_blob_id(random_checkpoint)[:12]}"
        assert "unverified" in model.origin
        assert model.calibration is None
        assert model.checkpoint == random_checkpoint

    def test_variant_before_the_path(self, random_checkpoint: Path, tmp_path: Path, cache_dir: Path) -> None:
        other = tmp_path / "best.pt"
        shutil.copy(random_checkpoint, other)
        with pytest.raises(WeightsError, match=r"file name names no known network; pass NAME=.*edgeface_xxs"):
            resolve(str(other), cache_dir=cache_dir)
        assert resolve(f"edgeface_xxs={other}", cache_dir=cache_dir).name == "edgeface_xxs"

    def test_equals_sign_in_a_folder_is_no_variant(
        self, random_checkpoint: Path, tmp_path: Path, cache_dir: Path
    ) -> None:
        folder = tmp_path / "run=3"
        folder.mkdir()
        shutil.copy(random_checkpoint, folder / "edgeface_xxs_run.pt")
        assert resolve(str(folder / "edgeface_xxs_run.pt"), cache_dir=cache_dir).name == "edgeface_xxs"

    @pytest.mark.long
    def test_malicious_pickle_is_refused_and_not_run(self, tmp_path: Path) -> None:
        class Payload:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.mkdir, (str(tmp_path / "executed"),)

        torch.save({"model.stem.0.weight": Payload()}, tmp_path / "edgeface_xs_q.pt")
        with pytest.raises(WeightsError, match="refused: a weight file may hold tensors only"):
            resolve(str(tmp_path / "edgeface_xs_q.pt"), cache_dir=tmp_path / "cache")
        assert not (tmp_path / "executed").exists()
        assert list((tmp_path / "cache" / "graphs").iterdir()) == []

    def test_missing_file_and_unknown_name(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match="There is no model file"):
            resolve(str(tmp_path / "none.onnx"), cache_dir=tmp_path)
        with pytest.raises(WeightsError, match="No model 'nobody'"):
            resolve("nobody", cache_dir=tmp_path)

    def test_graph_of_ones_own(self, tmp_path: Path) -> None:
        path = tmp_path / "arcface_r50.onnx"
        path.write_bytes(b"graph")
        model = resolve(str(path), cache_dir=tmp_path / "cache")
        assert (model.name, model.graph) == ("arcface_r50", path)
        assert model.fingerprint == f"arcface_r50-{git_blob_id(path)[:12]}"


class TestImportAndState:
    def test_unofficial_file_is_not_imported(self, random_checkpoint: Path, tmp_path: Path) -> None:
        wanted = CATALOGUE["edgeface_xxs"].blob_id
        with pytest.raises(WeightsError, match=f"not the official edgeface_xxs: wanted digest {wanted}, got"):
            import_checkpoint(random_checkpoint, Cache(tmp_path))
        with pytest.raises(WeightsError, match="There is no file"):
            import_checkpoint(tmp_path / "none.pt", Cache(tmp_path))

    def test_shipped_model_is_not_fetched(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match="has no download"):
            fetch(CATALOGUE["edgeface_xxs_own"], Cache(tmp_path))

    def test_states(self, entry: Entry, weights_dir: Path, cache_dir: Path, tmp_path: Path) -> None:
        empty = Cache(tmp_path / "empty")
        assert state_of(entry, empty) is State.ABSENT
        assert state_of(entry, Cache(cache_dir)) is State.CACHED
        assert state_of(entry, empty, weights_dir) is State.IN_WEIGHTS_DIR
        (weights_dir / "edgeface_xxs.pt").write_bytes(b"altered")
        assert state_of(entry, empty, weights_dir) is State.ABSENT
        shipped = replace(CATALOGUE["edgeface_xxs_own"], shipped=weights_dir / "edgeface_xxs.pt")
        assert state_of(shipped, empty) is State.SHIPPED


@pytest.mark.weights
def test_official_file_is_known_whatever_it_is_called(shared_data: Path, tmp_path: Path) -> None:
    graph = keep_graph(tmp_path, "edgeface_xxs_q-665779fdd671")
    renamed = tmp_path / "download.pt"
    shutil.copyfile(shared_data / "weights" / "edgeface_xxs_q.pt", renamed)
    model = resolve(str(renamed), cache_dir=tmp_path)
    assert (model.name, model.graph, model.fingerprint) == ("edgeface_xxs_q", graph, "edgeface_xxs_q-665779fdd671")
    assert "the official edgeface_xxs_q by its digest" in model.origin
    with pytest.raises(WeightsError, match=r"is the official edgeface_xxs_q .*, not edgeface_xxs"):
        resolve(f"edgeface_xxs={renamed}", cache_dir=tmp_path)


@pytest.mark.weights
def test_auto_prefers_xs_of_the_two_published_files_here(shared_data: Path, tmp_path: Path) -> None:
    keep_graph(tmp_path, "edgeface_xs_q-6177cb0d59a9")
    model = resolve("auto", weights_dir=shared_data / "weights", cache_dir=tmp_path)
    assert model.fingerprint == "edgeface_xs_q-6177cb0d59a9"
