"""Every code block of the pages is read by a test and run where it can be; the rest is listed, with the reason.

``test_pages_run.py`` runs the commands of four pages; here the program reads them without doing what
they say, which takes no time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main
import yaml

from docsite.reference import walk_commands
from recognizer import strict_yaml
from recognizer.__main__ import with_default_command
from recognizer.app.config import Settings, load
from recognizer.cli.main import app
from tests.conftest import ROOT
from tests.docsite import blocks

LANGUAGES = {"sh", "yaml", "python", "json", "text", "dockerfile"}

NOT_SETTINGS = {
    "triggers": "Home Assistant's: tests/deploy/test_home_assistant.py reads what ours sends by its own schemas",
    "streams": "go2rtc's",
    "scrape_configs": "Prometheus's: tests/integrations/test_monitoring.py asks promtool where it is installed",
}
"""First keys of YAML that other programs read, and who checks it."""

PYTHON_RUNS_IN = {
    "README.md": "tests/test_readme.py",
    "docs/python.md": "tests/test_readme.py",
    "docs/service.md": "tests/serve/test_examples.py",
    "docs/integrations.md": "tests/integrations/test_webhook.py",
}

CURL_RUNS_IN = {
    "docs/service.md": "tests/serve/test_examples.py",
    "docs/service-live.md": "tests/serve/test_live_service.py",
    "docs/service-history.md": "tests/serve/test_history_examples.py",
    "docs/fleet.md": "tests/serve/test_history_examples.py",
}

OTHER_PROGRAMS = {
    "pip": ".ci/run installs these files",
    "pytest": ".ci/run",
    "ruff": ".ci/run",
    "mypy": ".ci/run",
    "lint-imports": ".ci/run",
    "pre-commit": "installs into the reader's clone",
    ".ci/run": "CI itself",
    "python -m tests.": "measurements; .ci/run runs the short forms of soak and fuzz",
    "python -m mkdocs": ".ci/docs builds the same site",
    "jupyter": "a server that waits for a browser; tests/test_notebooks.py executes the notebooks",
    "docker": "no Docker in CI; tests/deploy/test_containers.py reads the files, docs/measurements.md has a run",
    "sudo": "changes the machine; docs/measurements.md has a run in a container",
    "journalctl": "the same",
    "dask": "tests/app/archive/ starts a scheduler and workers",
    "curl": "CURL_RUNS_IN",
    "cd": "into the installed folder",
    "grep": "filters what journalctl prints",
    "sed": "takes a number out of an answer; runs with the line's curl",
    "jq": "filters what the command before it prints",
    "mkdir": "makes a folder",
    "cp": "copies a photo",
    "touch": "makes a file",
    "printf": "writes a settings file",
    "export": "sets a variable",
}
"""First words of lines that call other programs, and who runs them."""

COMPLETION = "docs/completion.md"
"""Its calls change the shell's files: tests/test_completion.py runs them elsewhere."""

TEXT = {
    "docs/history-walk.md": "its calls are read here; tests/cli/test_history*.py run these commands",
    "docs/archives.md": "an example of output",
}
"""Blocks of text."""


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """The program's own reader of arguments; commands do nothing."""
    root = typer.main.get_command(app)
    for _, command in walk_commands(root, ()):
        monkeypatch.setattr(command, "callback", None)
    return lambda words: root.main(with_default_command(words), standalone_mode=False)


def test_there_are_blocks_in_known_languages_only() -> None:
    found = blocks.blocks()
    assert len(found) > 90
    assert [block.name for block in found if block.language not in LANGUAGES] == []


def test_the_program_takes_every_call_that_a_page_shows(reader: Callable[[list[str]], None]) -> None:
    refused = []
    calls = [call for call in blocks.calls() if call[0].split(":")[0] != COMPLETION]
    for where, words in calls:
        try:
            reader(words)
        except Exception as error:
            refused.append(f"{where}: {' '.join(words)}: {error}")
    assert refused == []
    assert len(calls) > 100


def test_a_call_that_is_wrong_is_found(reader: Callable[[list[str]], None]) -> None:
    for words in (["run", "--sorce", "0"], ["history", "explane", "1"], ["verify", "one.jpg"]):
        with pytest.raises(Exception, match=r"No such|Missing"):
            reader(words)


def test_every_other_line_is_run_by_somebody() -> None:
    unknown = []
    for block in blocks.of("sh"):
        for line in block.lines():
            if not blocks.PROGRAM.match(line) and not any(line.startswith(first) for first in OTHER_PROGRAMS):
                assigned = re.match(r"\w+=\$\((.*)|\w+=\"[^\"]*\"$", line)
                if assigned is None or (assigned[1] and not assigned[1].startswith("curl")):
                    unknown.append(f"{block.name}: {line}")
            if line.startswith("curl") and block.page not in CURL_RUNS_IN:
                unknown.append(f"{block.name}: {line}")
    assert unknown == []


@pytest.mark.parametrize("block", blocks.of("yaml"), ids=lambda block: block.name)
def test_settings_that_are_shown_are_valid(
    block: blocks.Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in re.findall(r"\$\{(\w+)\}", block.text) + re.findall(r"\w+_env: (\w+)", block.text):
        monkeypatch.setenv(name, "secret")
    shown = block.text
    for path in re.findall(r"\w+_file: ([^\s#]+)", shown):  # files that the reader makes first
        file = tmp_path / Path(path).name
        file.write_text(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n" if path.endswith(".key") else "mailtos://a:b@c.org\n"
        )
        file.chmod(0o600)
        shown = shown.replace(path, str(file))
    keys = list(yaml.safe_load(shown))
    if keys[0] in NOT_SETTINGS:
        assert strict_yaml.loads(shown)
        return
    assert set(keys) <= set(Settings.model_fields)
    (tmp_path / "site.yaml").write_text(shown, "utf-8")
    load(tmp_path / "site.yaml")


@pytest.mark.parametrize("block", blocks.of("json"), ids=lambda block: block.name)
def test_json_that_is_shown_is_json(block: blocks.Block) -> None:
    assert json.loads(block.text)


def test_python_that_is_shown_is_run() -> None:
    for block in blocks.of("python"):
        compile(block.text, block.name, "exec")
    assert {block.page for block in blocks.of("python")} == set(PYTHON_RUNS_IN)


def test_who_runs_them_exists_and_names_the_page() -> None:
    for page, test in (PYTHON_RUNS_IN | CURL_RUNS_IN).items():
        assert Path(test).name.startswith("test_")
        assert Path(page).name in (ROOT / test).read_text("utf-8"), (page, test)


def test_texts_and_the_rest_are_listed() -> None:
    assert {block.page for block in blocks.of("text")} == set(TEXT)
    assert {block.page for block in blocks.of("dockerfile")} == {"docs/health.md"}  # one line, of our own Dockerfile
