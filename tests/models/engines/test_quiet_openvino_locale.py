from __future__ import annotations

import locale

from recognizer.models.engines.quiet_openvino import locale_kept


def test_the_locale_that_openvino_leaves_behind_is_put_back() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        with locale_kept():
            locale.setlocale(locale.LC_ALL, "C")  # as it does for a moment, and two threads for good
        assert locale.setlocale(locale.LC_ALL) == before
    finally:
        locale.setlocale(locale.LC_ALL, before)
