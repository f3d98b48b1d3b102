"""What may be a person's name."""

from __future__ import annotations

import unicodedata

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery.names import person_name, sameness, unknown_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("  Ada ", "Ada"),
        (unicodedata.normalize("NFD", "Åsa Öberg"), "Åsa Öberg"),
        ("王小明", "王小明"),
        ("محمد علی", "محمد علی"),
        ("می‌رود", "می‌رود"),  # a zero-width non-joiner belongs to Persian spelling
        ("O'Neill; DROP TABLE people", "O'Neill; DROP TABLE people"),
        ("-rf", "-rf"),
        ("Joey\u202fT.", "Joey\u202fT."),
        ("王\u3000小明", "王\u3000小明"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("So\u00adphie", "So\u00adphie"),
        ("🙂", "🙂"),
        ("John..Doe", "John..Doe"),
    ],
)
def test_any_text_is_a_name(text: str, name: str) -> None:
    assert person_name(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("..", "dot"),
        (".", "dot"),
        (".hidden", "dot"),
        ("../Bob", "never a path"),
        ("a/b", "never a path"),
        ("/etc", "never a path"),
        ("a\\b", "never a path"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\u2028b", "separator"),
        ("a\x85b", "control"),
        ("\x1b[31mred", "control"),
        ("a\udce9b", "not UTF-8"),
        ("a\u202eb", "direction"),
        ("x" * 256, "256 bytes"),
        ("王" * 86, "258 bytes"),
    ],
)
def test_what_is_no_name_is_refused_with_a_printable_reason(text: str, reason: str) -> None:
    with pytest.raises(GalleryError, match=reason) as caught:
        person_name(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada", "ADA", True),
        ("STRASSE", "straße", True),
        (unicodedata.normalize("NFD", "Zoë"), "ZOË", True),
        ("Ada", "Ida", False),
    ],
)
def test_names_that_people_take_for_the_same(one: str, other: str, same: bool) -> None:
    assert (sameness(one) == sameness(other)) is same


def test_an_unknown_name_lists_the_nearest() -> None:
    assert '"Barack Obama"' in str(unknown_name("barak obama", ["Barack Obama", "Joey"]))
    assert '"Joey"' in str(unknown_name("Q", ["Joey"]))
    assert "Nobody is there" in str(unknown_name("Q", []))
    assert "and 5 more" in str(unknown_name("Q", [f"{n:02}" for n in range(15)]))
