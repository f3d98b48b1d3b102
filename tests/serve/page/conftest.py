"""A browser, and a real service over a history of the demonstration's clip."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.serve.page.site import (
    CHROMIUM,
    FLAGS,
    WAIT_MS,
    Service,
    Visitor,
    copy_site,
    make_site,
    require_chromium,
    serving,
    visiting,
)

LONG_S = 600
"""Time-out of a test: the first one waits for the site, which takes a minute on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of the page time for the site that they share."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(LONG_S))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        expect.set_options(timeout=WAIT_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seen_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that has seen the demonstration's clip, made once for all workers; tests copy it."""
    require_chromium()
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "page_site"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make_site(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def service(seen_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over a copy of the site; tests share it, and take back what they change."""
    with serving(copy_site(seen_site, tmp_path_factory.mktemp("service") / "site")) as service:
        yield service


@pytest.fixture
def visitor(browser: Browser, service: Service) -> Iterator[Visitor]:
    """A browser that is logged in."""
    with visiting(browser, service) as visitor:
        yield visitor
        visitor.no_problems()
