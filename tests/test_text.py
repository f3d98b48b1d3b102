"""Names of the world as pixels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from recognizer.text import _left_to_right, line_height, text_mask

NAMES = ["Anna Müller", "张伟", "田中 さくら", "カナ", "김민수", "Владимир", "Ελένη", "Nguyễn Văn Đức", "Łukasz Żółć"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [11, 24, 60])
def test_real_glyphs_whatever_the_system_has(
    name: str, size: int, monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    monkeypatch.setenv("PATH", "")  # no fontconfig
    mask = text_mask(name, size)
    assert mask.shape[0] == line_height(size)
    assert mask.max() > 200
    assert not mask[[0, -1]].any()
    for one, other in itertools.pairwise(name):
        if one not in " " + other and other != " ":
            assert not np.array_equal(text_mask(one, size), text_mask(other, size))
    assert logged == []


def test_wide_enough() -> None:
    for name in NAMES:
        assert not text_mask(name, 24)[:, -1].any()
        assert text_mask(name * 2, 24).shape[1] > 1.7 * text_mask(name, 24).shape[1] - 10


def test_decomposed_and_composed_names_look_alike() -> None:
    assert np.array_equal(text_mask("Mu\u0308ller", 24), text_mask("Müller", 24))


def test_controls_and_length() -> None:
    assert np.array_equal(text_mask("a\x00b\u202e\n c", 20), text_mask("ab c", 20))
    assert text_mask("", 20).shape[1] >= 1
    assert text_mask("x" * 10_000, 20).shape[1] < 2000
    assert not text_mask("a", 20).flags.writeable


def test_a_letter_no_font_has_is_reported_not_questioned(monkeypatch: pytest.MonkeyPatch, logged: list[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert np.array_equal(text_mask("Anna ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ 2", 24), text_mask("Anna (Cherokee) 2", 24))
    text_mask("ᎦᏬᏂᎯᏍᏗ", 25)
    assert len(logged) == 1
    assert "Cherokee" in logged[0]
    assert "Install a font" in logged[0]


def test_a_question_mark_is_one(logged: list[str]) -> None:
    assert text_mask("really?", 24).max() > 200
    assert logged == []


def test_right_to_left_without_system_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reversed for a painter that knows one direction; numbers and Latin keep their order."""
    monkeypatch.setenv("PATH", "")
    hebrew = text_mask("שלום", 31)
    alone = text_mask("ש", 31)
    assert np.array_equal(hebrew[:, -12:] > 128, alone[:, -12:] > 128)  # the first letter stands at the right
    number = text_mask("12", 31)
    mixed = text_mask("ש 12", 31)
    assert np.array_equal(mixed[:, : number.shape[1] - 3] > 128, number[:, :-3] > 128)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\u05d0\u05d1\u05d2 12", "12 \u05d2\u05d1\u05d0"),
        ("Ada \u05d0\u05d1", "Ada \u05d1\u05d0"),
        ("\u05d0\u05d1 (\u05d2)", "(\u05d2) \u05d1\u05d0"),
        ("Ada 12", "Ada 12"),
    ],
)
def test_letters_are_ordered_by_the_bidirectional_algorithm(text: str, line: str) -> None:
    assert _left_to_right(text) == line
