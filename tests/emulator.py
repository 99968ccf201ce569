"""The Firestore emulator in tests: started when the first test needs it, and never missing in silence."""

import os
from collections.abc import Iterator

import pytest

from infra.local import emulator

_LEFT_OUT = pytest.StashKey[tuple[int, str]]()


@pytest.fixture(scope="session")
def firestore_emulator() -> Iterator[str]:
    """host:port of a running emulator, which the client libraries find for as long as the session lasts."""
    with emulator.running() as host:
        before = os.environ.get(emulator.HOST_VARIABLE)
        os.environ[emulator.HOST_VARIABLE] = host
        yield host
        if before is None:
            del os.environ[emulator.HOST_VARIABLE]


def needs_emulator(item: pytest.Item) -> bool:
    """Whether a test asks for the emulator, itself or through a parameter called `firestore`."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return "firestore_emulator" in getattr(item, "fixturenames", ()) or "firestore" in parameters.values()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no emulator, leave out what needs it; with REQUIRE_EMULATOR=1 fail instead."""
    needing = [item for item in items if needs_emulator(item)]
    if not needing or os.environ.get(emulator.HOST_VARIABLE):
        return
    try:
        emulator.command()
    except emulator.EmulatorAbsent as absent:
        if os.environ.get("REQUIRE_EMULATOR") == "1":
            raise pytest.UsageError(f"REQUIRE_EMULATOR=1, but {absent}") from absent
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if item not in needing]
        config.stash[_LEFT_OUT] = (len(needing), str(absent))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what was left out, and why."""
    if _LEFT_OUT not in config.stash:
        return
    count, reason = config.stash[_LEFT_OUT]
    terminalreporter.section("FIRESTORE WAS NOT TESTED", sep="!", red=True, bold=True)
    terminalreporter.line(f"{count} tests on the real Firestore emulator were left out: {reason}.", red=True)
    terminalreporter.line(
        "SQLite alone was tested. Install Java and `gcloud components install cloud-firestore-emulator`."
    )
