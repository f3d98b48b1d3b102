"""A real Milvus in a file (milvus-lite) for the tests of this folder."""

from __future__ import annotations

import importlib.util
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recognizer.match.milvus import Milvus, Target

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def milvus_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if importlib.util.find_spec("milvus_lite") is None:
        if "RECOGNIZER_TEST_SERVICES" in os.environ:
            pytest.fail("RECOGNIZER_TEST_SERVICES is set, but milvus-lite is not installed")
        pytest.skip("milvus-lite (requirements-milvus.txt) is not installed")
    path = tmp_path_factory.mktemp("milvus") / "index.db"
    holder = Milvus(Target(str(path), "", "held", "Milvus"))  # keeps the file's server running
    holder.state()
    yield path
    holder.close()


@pytest.fixture
def make_milvus(milvus_file: Path) -> Callable[[], Milvus]:
    """Connect to one new collection, as often as it is called."""
    collection = f"faces_{next(_NUMBERS)}"
    return lambda: Milvus(Target(str(milvus_file), "", collection, "Milvus"))
