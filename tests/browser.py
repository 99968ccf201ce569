"""A real browser in tests: Debian's Chromium, and never missing in silence."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.left_out import leave_out

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ABSENT = "no Chromium is installed (apt-get install chromium fonts-morisawa-bizud-gothic)"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window, for all tests of a module."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found(), args=ARGUMENTS)
        yield started
        await started.close()


def found() -> str | None:
    """Where Chromium is, if it is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def pytest_configure(config: pytest.Config) -> None:
    """With REQUIRE_BROWSER=1 nothing begins without one."""
    if os.environ.get("REQUIRE_BROWSER") == "1" and not found():
        raise pytest.UsageError(f"REQUIRE_BROWSER=1, but {ABSENT}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no browser, leave out what needs it."""
    needing = [item for item in items if "chromium" in getattr(item, "fixturenames", ())]
    if needing and not found():
        leave_out(config, items, needing, "NO PAGE WAS TESTED IN A BROWSER", f"{ABSENT}.")
