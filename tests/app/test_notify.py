"""Rules and targets from settings."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from recognizer.app import config
from recognizer.app.integrations import make_integrations
from recognizer.app.notify import make_rules, send_test, target_address
from recognizer.errors import ConfigError, UsageError
from recognizer.integrations.rules.types import What

PHONE = {"name": "phone", "address": "json://localhost:1/s3cret"}


def load(folder: Path, notify: dict[str, Any], **sections: Any) -> config.Settings:
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump({"notify": notify, "gallery": {"folder": str(folder / "gallery")}, **sections}))
    return config.load(path)


def test_a_rule_in_its_shortest_form(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        "notify:\n  timezone: Europe/Berlin\n  groups: {family: [Ada, Bob]}\n  rules:\n"
        "    - {name: night, who: unknown, where: entrance, when: 22:00-6:00, to: mqtt}\n"
        "    - {name: home, what: arrives, who: [family, Cy], when: {days: fri-mon}, to: [mqtt]}\n"
        "    - {name: dark, what: camera_lost, for_s: 300, to: mqtt}\n"
    )
    night, home, dark = make_rules(config.load(path).notify)
    assert (night.names, night.unknown, night.sources) == (frozenset(), True, frozenset({"entrance"}))
    assert night.schedule.covers(dt.datetime(2026, 11, 28, 22, tzinfo=dt.UTC))  # 23:00 in Berlin
    assert not night.schedule.covers(dt.datetime(2026, 11, 28, 6, tzinfo=dt.UTC))
    assert (home.what, home.names, home.unknown) == (What.ARRIVES, frozenset({"Ada", "Bob", "Cy"}), False)
    assert home.schedule.days == frozenset({4, 5, 6, 0})
    assert (dark.what, dark.for_s, dark.sources) == (What.CAMERA_LOST, 300, None)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"to": "pager"}, "'notify': rule 'r' sends to 'pager', which is no target; there are: mqtt, webhooks, phone"),
        ({"to": []}, r"'notify\.rules\.0\.to'"),
        ({"when": "22:00"}, r"'notify\.rules\.0\.when\.hours\.0': wanted hours as 22:00-06:00"),
        ({"when": {"days": ["monday"]}}, r"'notify\.rules\.0\.when\.days\.0': input should be 'mon', 'tue'"),
        ({"what": "camera_lost", "who": "Ada"}, r"'notify\.rules\.0': a rule about camera_lost is about no person"),
        ({"what": "vanishes"}, r"'notify\.rules\.0\.what': input should be 'seen', 'arrives'"),
        ({"evry_s": 3}, r"unknown key 'notify\.rules\.0\.evry_s', did you mean 'every_s'"),
    ],
)
def test_a_wrong_rule_is_said_by_its_key(tmp_path: Path, rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, {"targets": [PHONE], "rules": [{"name": "r", "to": "phone", **rule}]})


@pytest.mark.parametrize(
    "notify",
    [
        {"targets": [PHONE, PHONE]},
        {"targets": [{"name": "mqtt", "address": "json://localhost/s3cret"}]},
        {"targets": [{**PHONE, "address_env": "PHONE"}]},
        {"targets": ["json://localhost/s3cret"]},
        {"targets": "json://localhost/s3cret"},
        {"targets": [{"name": "json://localhost/s3cret", "address": "json://localhost/s3cret"}]},
        {"targets": [{"name": "phone", "address": ["json://localhost/s3cret"]}]},
        {"timezone": "Mars/Olympus"},
        {"groups": {"unknown": ["Ada"]}},
    ],
)
def test_wrong_targets_and_groups_are_refused_without_their_addresses(tmp_path: Path, notify: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, notify)
    assert "s3cret" not in str(caught.value)


def test_an_address_comes_from_variables_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    monkeypatch.setenv("PHONE", "json://localhost/all")
    (tmp_path / "phone").write_text("json://localhost/file\n")
    forms: list[dict[str, Any]] = [
        {"address": "json://localhost/${TOKEN}"},
        {"address_env": "PHONE"},
        {"address_file": str(tmp_path / "phone")},
    ]
    settings = load(tmp_path, {"targets": [{"name": str(number), **form} for number, form in enumerate(forms)]})
    found = [target_address(target) for target in settings.notify.targets]
    assert found == ["json://localhost/s3cret", "json://localhost/all", "json://localhost/file"]
    assert "s3cret" not in repr(settings)
    monkeypatch.delenv("TOKEN")
    with pytest.raises(ConfigError, match=r"target '0': .*TOKEN") as caught:
        target_address(settings.notify.targets[0])
    assert "localhost" not in str(caught.value)


def make(settings: config.Settings) -> list[Any]:
    return list(
        make_integrations(
            settings, ["entrance"], live=set(), people=list, dropped={}, model="m", engine="e", stop=threading.Event()
        )
    )


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        ({"rules": [{"name": "r", "to": "mqtt"}]}, "sends to mqtt, but mqtt.host is not set"),
        ({"rules": [{"name": "r", "to": "webhooks"}]}, "sends to webhooks, but there are no webhooks"),
        ({"targets": [{**PHONE, "address": "nosuch://s3cret"}], "rules": [{"name": "r", "to": "phone"}]}, "none that"),
    ],
)
def test_what_cannot_be_sent_is_said_before_the_run(tmp_path: Path, notify: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        make(load(tmp_path, notify))
    assert "s3cret" not in str(caught.value)


def test_the_sinks_of_rules_are_closed_before_those_of_their_targets(tmp_path: Path) -> None:
    sinks = make(load(tmp_path, {"targets": [PHONE], "rules": [{"name": "r", "to": "phone"}]}))
    assert [type(each).__name__ for each in sinks] == ["NotifySink", "AlertSink"]


def test_a_test_message_wants_a_target(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Wanted a target of notify\.targets, but the settings name none"):
        send_test(load(tmp_path, {}))
    with pytest.raises(UsageError, match="Wanted target 'pager', but the settings name phone"):
        send_test(load(tmp_path, {"targets": [PHONE]}), "pager")


def test_an_installation_without_apprise_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, {"targets": [PHONE], "rules": [{"name": "r", "to": "phone"}]})
    monkeypatch.delitem(sys.modules, "recognizer.integrations.notify", raising=False)
    monkeypatch.setitem(sys.modules, "apprise", None)
    for ask in (lambda: make(settings), lambda: send_test(settings)):
        with pytest.raises(ConfigError, match=r"notify: needs a package .* requirements-integrations\.txt \(apprise\)"):
            ask()


def test_without_targets_and_rules_apprise_is_not_loaded() -> None:
    words = "import sys, recognizer.app.session, recognizer.app.integrations; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
