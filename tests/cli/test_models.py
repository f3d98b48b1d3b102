from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from recognizer.cli import _console, models
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, SHIPPED_FOLDER
from recognizer.models.published_specs import ARCFACE_ZOO
from recognizer.models.spec_file import KINDS, spec_from


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.delenv("RECOGNIZER_WEIGHTS", raising=False)
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return Cache()


def models_command(*words: object) -> int:
    return _console.guarded(models.app, [str(word) for word in words])


def fake_graph(cache: Cache, name: str) -> Path:
    def make(target: Path) -> float:
        target.write_bytes(b"graph of " + name.encode())
        return 1.0

    return cache.add_graph(name, CATALOGUE[name].fingerprint, make)


def test_list_as_json(cache: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    fake_graph(cache, "edgeface_xs_q")
    assert models_command("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capfd.readouterr().out)}
    assert list(rows) == list(CATALOGUE)
    assert rows["edgeface_xs_q"]["state"] == "cached"
    assert rows["edgeface_base"]["state"] == "absent"
    assert rows["edgeface_base"]["lfw_percent"] == 99.83
    assert rows["edgeface_xs_gamma_06"]["parameters"] == 1_770_492
    assert rows["facenet_vggface2"]["spec"]["size"] == 160
    assert rows["magface_iresnet100"]["spec"]["norm_range"] == [10.0, 30.0]
    assert "backbone.pth" in rows["iresnet50"]["how_to_get"]


def test_list_as_table(cache: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    assert models_command("list") == 0
    shown = " ".join(capfd.readouterr().out.split())
    for word in (*CATALOGUE, "1.77 M", "1399", "99.83", "absent", "BSD-3-Clause", "CC BY-NC-SA"):
        assert word in shown


def test_the_table_fits_a_narrow_terminal(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert models_command("list") == 0
    shown = capfd.readouterr().out
    assert "…" not in shown  # nothing is cut
    assert len(shown.splitlines()) < 6 * len(CATALOGUE)


def test_path_prints_only_the_path(cache: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    graph = fake_graph(cache, "edgeface_xs_q")
    assert models_command("path", "edgeface_xs_q", "--offline") == 0
    said = capfd.readouterr()
    assert said.out == f"{graph}\n"
    assert "edgeface_xs_q from the cache" in said.err


@pytest.mark.long
def test_bundle_carries_models_to_another_machine(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    working = (SHIPPED_FOLDER / "edgeface_xxs_own.onnx").read_bytes()
    for name in ("edgeface_xs_q", "edgeface_xxs_q"):
        cache.add_graph(name, CATALOGUE[name].fingerprint, lambda target: float(target.write_bytes(working) > 0))
    assert models_command("export-bundle", tmp_path / "b.zip") == 0
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "other"))
    assert models_command("import", tmp_path / "b.zip") == 0
    written = " ".join(capfd.readouterr().err.split())
    assert "edgeface_xxs_q: unverified (its digest is not in the catalogue)" in written
    assert "verified and" not in written
    assert models_command("path", "edgeface_xxs_q", "--offline") == 0
    assert Path(capfd.readouterr().out.strip()).read_bytes() == working


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["fetch"], 2, "Say which model to fetch, or --all"),
        (["fetch", "nobody"], 5, "No model 'nobody'"),
        (["fetch", "edgeface_xxs_own"], 5, "has no download"),
        (["path", "edgeface_base", "--offline"], 5, "The model edgeface_base was not found"),
        (["import", "absent.pt"], 5, "There is no file absent.pt"),
        (["import", "absent.zip"], 5, "no readable bundle"),
        (["export-bundle", "b.zip"], 2, "no model on this machine"),
    ],
)
def test_what_cannot_be_done_says_why(
    words: list[str], status: int, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert models_command(*words) == status
    assert message in " ".join(capfd.readouterr().err.split())


def test_altered_file_is_not_imported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "edgeface_xs_q.pt").write_bytes(b"altered")
    assert models_command("import", tmp_path / "edgeface_xs_q.pt") == 5
    said = capfd.readouterr().err
    assert "wanted digest 6177cb0d59a94830e64d8da358b6a7f7529403ab, got" in said


def test_the_spec_of_a_kind_is_a_file_to_save(capfd: pytest.CaptureFixture[str]) -> None:
    assert models_command("spec", "arcface_zoo") == 0
    printed = yaml.safe_load(capfd.readouterr().out)
    assert spec_from(printed, "here") == ARCFACE_ZOO
    assert models_command("spec") == 0
    assert capfd.readouterr().out.count("dimension: 512") == len(KINDS)
    assert models_command("spec", "resnet") == 2
    assert "there are: edgeface, insightface" in " ".join(capfd.readouterr().err.split())


def test_the_old_command_models_facts_warns_and_works(capfd: pytest.CaptureFixture[str]) -> None:
    assert models_command("spec", "arcface_zoo") == 0
    expected = capfd.readouterr().out
    assert models_command("facts", "arcface_zoo") == 0
    output = capfd.readouterr()
    assert output.out == expected
    assert "'models facts' is now called 'models spec'" in output.err


@pytest.mark.slow
def test_shipped_detector_is_what_facenet_pytorch_gives(capfd: pytest.CaptureFixture[str]) -> None:
    assert models_command("convert-detector") == 0
    assert capfd.readouterr().out.count("is the same") == 3


@pytest.mark.weights
def test_official_file_is_imported(shared_data: Path, cache: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    fake_graph(cache, "edgeface_xxs_q")  # as if it had been converted before
    assert models_command("import", shared_data / "weights" / "edgeface_xxs_q.pt") == 0
    assert cache.checkpoint("edgeface_xxs_q").is_file()
    assert models_command("path", "auto", "--offline") == 0
    assert "edgeface_xxs_q-665779fdd671" in capfd.readouterr().out
