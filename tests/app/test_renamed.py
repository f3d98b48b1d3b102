from __future__ import annotations

from pathlib import Path

import pytest
import typer

from recognizer.app import config, renamed
from recognizer.cli import _console, _options


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("detect: {interval_s: 2}", "detect.interval_s", "detect.max_interval_s"),
        ("detect: {shortest_s: 2}", "detect.shortest_s", "detect.min_interval_s"),
        ("detect: {thorough_s: 2}", "detect.thorough_s", "detect.full_interval_s"),
        ("embed: {facts: 2}", "embed.facts", "embed.spec"),
    ],
)
def test_an_old_key_of_a_settings_file_works_with_a_warning(
    text: str, old: str, new: str, tmp_path: Path, logged_warnings: list[str]
) -> None:
    (tmp_path / "old.yaml").write_text(text.replace("facts: 2", "facts: '2'"))
    settings = config.load(tmp_path / "old.yaml")
    section, key = new.split(".")
    assert float(getattr(getattr(settings, section), key)) == 2
    assert len(logged_warnings) == 1
    assert logged_warnings[0].startswith(f"The setting {old} is now called {new};")


def test_a_new_key_beside_the_old_one_counts(tmp_path: Path, logged_warnings: list[str]) -> None:
    (tmp_path / "both.yaml").write_text("detect: {max_interval_s: 1, interval_s: 2, cut: 0.7}")
    detect = config.load(tmp_path / "both.yaml").detect
    assert (detect.max_interval_s, detect.cut, len(logged_warnings)) == (1, 0.7, 1)


def test_a_section_that_is_no_mapping_is_left_to_validation() -> None:
    assert renamed.current_settings({"detect": None, "embed": "x"}) == {"detect": None, "embed": "x"}


@pytest.mark.parametrize("words", [["--facts", "insightface"], ["--facts=insightface"]])
def test_an_old_option_works_and_names_the_new_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.command()
    def show(spec: _options.SpecOption = None) -> None:
        typer.echo(spec)

    assert _console.guarded(app, words) == 0
    output = capsys.readouterr()
    assert output.out == "insightface\n"
    assert "The option --facts is now called --spec" in output.err
    assert _console.guarded(app, ["--help"]) == 0
    assert "--facts" not in capsys.readouterr().out
