"""A real browser in tests: Debian's Chromium, and never missing in silence."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ABSENT = "no Chromium is installed (apt-get install chromium fonts-morisawa-bizud-gothic)"

_LEFT_OUT = pytest.StashKey[int]()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser without a window, for all tests of a module."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found(), args=ARGUMENTS)
        yield started
        await started.close()


def found() -> str | None:
    """Where Chromium is, if it is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no browser, leave out what needs it; with REQUIRE_BROWSER=1 fail instead."""
    needing = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if not needing or found():
        return
    if os.environ.get("REQUIRE_BROWSER") == "1":
        raise pytest.UsageError(f"REQUIRE_BROWSER=1, but {ABSENT}")
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]
    config.stash[_LEFT_OUT] = len(needing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what was left out, and why."""
    if _LEFT_OUT not in config.stash:
        return
    terminalreporter.section("NO PAGE WAS TESTED IN A BROWSER", sep="!", red=True, bold=True)
    terminalreporter.line(f"{config.stash[_LEFT_OUT]} tests in a real browser were left out: {ABSENT}.", red=True)
