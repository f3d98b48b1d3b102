from __future__ import annotations

import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest

from recognizer.app import config
from recognizer.doctor import machine
from recognizer.doctor.finding import State

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free", "state"), [(5e7, State.BROKEN), (5e8, State.WARNING), (5e9, State.OK)], ids=["full", "scarce", "enough"]
)
def test_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, state: State) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1e12, 1e12 - free, int(free)))
    places = {"gallery": tmp_path, "history": tmp_path / "not" / "yet"}
    (finding,) = machine.check_disks(places)  # one disk, one finding
    assert finding.state is state
    assert "gallery, history" in finding.message


@pytest.mark.parametrize(
    ("now_s", "state"), [(1000.0, State.BROKEN), (time.time() - 86400, State.WARNING)], ids=["never set", "set back"]
)
def test_a_clock_that_is_wrong(tmp_path: Path, now_s: float, state: State) -> None:
    (tmp_path / "events.jsonl").write_text("{}")
    (finding,) = machine.check_clock({"events": tmp_path}, now_s=now_s)
    assert finding.state is state
    assert "timedatectl" in finding.remedy


def test_a_clock_that_is_right(tmp_path: Path) -> None:
    (finding,) = machine.check_clock({"events": tmp_path})
    assert finding.state is not State.BROKEN  # whether a time server corrects it is the machine's affair


def test_a_password_in_settings_that_others_can_read(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(f"source: {{location: 'rtsp://admin:hunter2@camera/1'}}\ngallery: {{folder: {tmp_path}}}\n")
    file.chmod(0o644)
    (finding,) = machine.check_permissions(config.load(file), file)
    assert (finding.state, finding.remedy) == (State.WARNING, f"chmod 600 {file}")
    assert "hunter2" not in str(finding)
    file.chmod(0o600)
    (finding,) = machine.check_permissions(config.load(file), file)
    assert finding.state is State.OK


def test_an_address_of_a_notification_is_a_secret(tmp_path: Path) -> None:
    file, phone = tmp_path / "site.yaml", tmp_path / "phone"
    phone.write_text("ntfys://hunter2")
    phone.chmod(0o644)
    targets = f"[{{name: phone, address_file: {phone}}}, {{name: mail, address: 'mailtos://me:hunter2@host'}}]"
    file.write_text(f"notify: {{targets: {targets}}}\ngallery: {{folder: {tmp_path}}}\n")
    file.chmod(0o644)
    found = list(machine.check_permissions(config.load(file), file))
    assert {finding.remedy for finding in found} == {f"chmod 600 {file}", f"chmod 600 {phone}"}


def test_a_file_of_two_secrets_is_named_once(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("whsec_" + "A" * 32)
    key.chmod(0o644)
    hooks = [{"address": f"https://example.org/{each}", "secret_file": str(key)} for each in "ab"]
    settings = config.Settings.model_validate({"webhooks": hooks, "gallery": {"folder": tmp_path}})
    assert [finding.remedy for finding in machine.check_permissions(settings, None)] == [f"chmod 600 {key}"]


def test_where_health_and_rules_write_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    rules = "{targets: [{name: phone, address: 'ntfys://x'}], rules: [{name: a, what: seen, who: anybody, to: phone}]}"
    file.write_text(
        f"health: {{file: {tmp_path}/run/health}}\nnotify: {rules}\ngallery: {{folder: {tmp_path}/people}}\n"
    )
    places = machine.places_of(config.load(file))
    assert places["health"] == tmp_path / "run"
    assert places["integrations"] == tmp_path / "integrations"


def test_a_variable_in_an_address_is_no_password(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(f"source: {{location: 'rtsp://admin:${{PW}}@camera/1'}}\ngallery: {{folder: {tmp_path}}}\n")
    file.chmod(0o644)
    (finding,) = machine.check_permissions(config.load(file), file)
    assert finding.state is State.OK


def test_a_password_file_that_is_missing(tmp_path: Path) -> None:
    source = {"location": "rtsp://admin@camera/1", "password_file": tmp_path / "gone.txt"}
    settings = config.load(None, {"source": source, "gallery": {"folder": tmp_path}})
    (finding,) = machine.check_permissions(settings, None)
    assert finding.state is State.BROKEN
    assert "a camera's password" in finding.message


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    settings = config.load(None, {"gallery": {"folder": locked}})
    assert [each.state for each in machine.check_permissions(settings, None)] == [State.WARNING]
