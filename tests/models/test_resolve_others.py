from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recognizer.errors import ConfigError, WeightsError
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, Entry
from recognizer.models.checkpoints import fetch, import_checkpoint
from recognizer.models.digest import git_blob_id, sha256
from recognizer.models.published_specs import ARCFACE_ZOO, EDGEFACE, FACENET, INSIGHTFACE, IRESNET, MAGFACE
from recognizer.models.resolve import State, resolve, state_of
from recognizer.models.resolved_model import calibration_place
from recognizer.types.spec import Colour
from tests.models.graph_helpers import keep_graph


def stand_in(cache_dir: Path, name: str, path: Path) -> str:
    """As if this checkpoint had been converted before; returns its fingerprint."""
    fingerprint = f"{name}-{git_blob_id(path)[:12]}"
    keep_graph(cache_dir, fingerprint)
    return fingerprint


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    path = tmp_path / "backbone.pth"
    path.write_bytes(b"stands for ArcFace's file")
    return path


class TestOthers:
    """Networks of whose files no digest is published, and graphs with spec."""

    def test_a_checkpoint_by_path_has_its_networks_spec_and_no_default_thresholds(
        self, backbone: Path, tmp_path: Path
    ) -> None:
        fingerprint = stand_in(tmp_path / "cache", "magface_iresnet50", backbone)
        model = resolve(f"magface_iresnet50={backbone}", cache_dir=tmp_path / "cache")
        assert (model.fingerprint, model.spec, model.has_defaults) == (fingerprint, MAGFACE, False)
        assert "no digest is published to verify it by" in model.origin
        with pytest.raises(WeightsError, match=r"names no known network; pass NAME=.*facenet_casia, iresnet18"):
            resolve(str(backbone), cache_dir=tmp_path / "cache")
        with pytest.raises(WeightsError, match="there is no network arcface_zoo"):
            resolve(f"arcface_zoo={backbone}", cache_dir=tmp_path / "cache")

    def test_facenets_file_is_known_by_its_authors_name(self, tmp_path: Path) -> None:
        path = tmp_path / "20180402-114759-vggface2.pt"
        path.write_bytes(b"stands for the file")
        fingerprint = stand_in(tmp_path / "cache", "facenet_vggface2", path)
        model = resolve(str(path), cache_dir=tmp_path / "cache")
        assert (model.fingerprint, model.spec) == (fingerprint, FACENET)
        there = resolve("facenet_vggface2", weights_dir=tmp_path, cache_dir=tmp_path / "cache")
        assert (there.fingerprint, there.checkpoint) == (fingerprint, path)
        assert state_of(CATALOGUE["facenet_vggface2"], Cache(tmp_path / "none"), tmp_path) is State.IN_WEIGHTS_DIR

    def test_facenet_is_downloaded_without_a_digest(self, serve: Callable[..., Any], tmp_path: Path) -> None:
        served = serve(b"what the server has", break_after=[5])
        entry = replace(CATALOGUE["facenet_casia"], url=served.url)
        path = fetch(entry, Cache(tmp_path))
        assert path.read_bytes() == b"what the server has"
        requests = len(served.requests)
        assert fetch(entry, Cache(tmp_path)) == path
        assert len(served.requests) == requests

    def test_auto_never_takes_them(self, backbone: Path, tmp_path: Path) -> None:
        Cache(tmp_path / "cache").add_checkpoint("iresnet50", backbone)
        stand_in(tmp_path / "cache", "iresnet50", backbone)
        assert resolve("iresnet50", cache_dir=tmp_path / "cache").name == "iresnet50"
        assert resolve("auto", cache_dir=tmp_path / "cache", offline=True).name == "edgeface_xxs_own"

    def test_what_has_no_download_says_how_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError) as caught:
            resolve("iresnet100", cache_dir=tmp_path)
        for part in ("backbone.pth", "models import FILE --name iresnet100", "--model iresnet100=FILE"):
            assert part in str(caught.value)
        with pytest.raises(WeightsError, match=r"Get arcfaceresnet100-8\.onnx from https://github\.com/onnx/models"):
            resolve("arcface_zoo", cache_dir=tmp_path)
        with pytest.raises(WeightsError, match="iresnet100 has no download: get backbone"):
            fetch(CATALOGUE["iresnet100"], Cache(tmp_path))

    def test_a_bundles_graph_is_found_by_name_and_by_fingerprint(self, backbone: Path, tmp_path: Path) -> None:
        fingerprint = stand_in(tmp_path / "cache", "iresnet18", backbone)
        assert state_of(CATALOGUE["iresnet18"], Cache(tmp_path / "cache")) is State.CACHED
        assert resolve("iresnet18", cache_dir=tmp_path / "cache").fingerprint == fingerprint
        keep_graph(tmp_path / "cache", "iresnet18-0123456789ab")
        with pytest.raises(WeightsError, match=f"iresnet18-0123456789ab, {fingerprint}: pass one of them"):
            resolve("iresnet18", cache_dir=tmp_path / "cache")
        model = resolve(fingerprint, cache_dir=tmp_path / "cache")
        assert (model.name, model.fingerprint, model.spec) == ("iresnet18", fingerprint, IRESNET)

    def test_the_spec_of_a_graph_is_a_file_beside_it_and_part_of_its_fingerprint(self, tmp_path: Path) -> None:
        path = tmp_path / "w600k_r50.onnx"
        path.write_bytes(b"graph")
        plain = resolve(str(path), cache_dir=tmp_path)
        assert (plain.spec, plain.has_defaults) == (EDGEFACE, False)
        (tmp_path / "w600k_r50.yaml").write_text("like: insightface")
        stated = resolve(str(path), cache_dir=tmp_path)
        assert (stated.spec, stated.has_defaults) == (INSIGHTFACE, False)
        over = resolve(str(path), cache_dir=tmp_path, spec={"colour": "bgr"})
        assert over.spec.colour is Colour.BGR
        assert over.spec.output is None
        assert len({plain.fingerprint, stated.fingerprint, over.fingerprint}) == 3
        with pytest.raises(ConfigError, match=r"w600k_r50\.onnx, beside it or given: there is no key 'color'"):
            resolve(str(path), cache_dir=tmp_path, spec={"color": "bgr"})

    def test_the_zoos_file_is_known_by_its_digest(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "download.onnx"
        path.write_bytes(b"stands for LResNet100E-IR")
        zoo = replace(CATALOGUE["arcface_zoo"], sha256=sha256(path))
        monkeypatch.setitem(CATALOGUE, "arcface_zoo", zoo)
        model = resolve(str(path), cache_dir=tmp_path)
        assert (model.name, model.spec) == ("arcface_zoo", ARCFACE_ZOO)
        assert "the official arcface_zoo by its digest" in model.origin

    def test_thresholds_measured_here_are_found(self, backbone: Path, entry: Entry, tmp_path: Path) -> None:
        cache = Cache(tmp_path / "cache")
        fingerprint = stand_in(cache.folder, "iresnet18", backbone)
        place = calibration_place("iresnet18", fingerprint, cache)
        assert place == cache.calibration(fingerprint)
        place.parent.mkdir()
        place.write_text("{}")
        assert resolve(fingerprint, cache_dir=cache.folder).calibration == place
        shipped = calibration_place("edgeface_xs_q", CATALOGUE["edgeface_xs_q"].fingerprint, cache)
        assert shipped.name == "edgeface_xs_q.json"
        assert shipped.is_file()
        own = calibration_place("edgeface_xs_q", "edgeface_xs_q-0123456789ab", cache)
        assert own == cache.calibration("edgeface_xs_q-0123456789ab")

    @pytest.mark.long
    def test_a_file_of_another_network_does_not_replace_an_imported_one(
        self, random_checkpoint: Path, backbone: Path, tmp_path: Path
    ) -> None:
        cache = Cache(tmp_path / "cache")
        stand_in(cache.folder, "iresnet18", backbone)
        assert import_checkpoint(backbone, cache, name="iresnet18") == "iresnet18"
        with pytest.raises(WeightsError, match=r"does not hold iresnet18: \d+ missing \(conv1\.weight"):
            import_checkpoint(random_checkpoint, cache, name="iresnet18")
        assert cache.checkpoint("iresnet18").read_bytes() == backbone.read_bytes()
        with pytest.raises(WeightsError, match="arcface_zoo is no checkpoint to import"):
            import_checkpoint(backbone, cache, name="arcface_zoo")
