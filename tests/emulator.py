"""The Firestore emulator in tests: started when the first test needs it, and never missing in silence."""

import os
from collections.abc import Iterator

import pytest

from infra.local import emulator
from tests.left_out import leave_out


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


def absence() -> str:
    """Why there is no emulator; "" where there is one."""
    if os.environ.get(emulator.HOST_VARIABLE):
        return ""
    try:
        emulator.command()
    except emulator.EmulatorAbsent as absent:
        return str(absent)
    return ""


def pytest_configure(config: pytest.Config) -> None:
    """With REQUIRE_EMULATOR=1 nothing begins without one."""
    if os.environ.get("REQUIRE_EMULATOR") == "1" and (why := absence()):
        raise pytest.UsageError(f"REQUIRE_EMULATOR=1, but {why}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no emulator, leave out what needs it."""
    needing = [item for item in items if needs_emulator(item)]
    if needing and (why := absence()):
        how = "Install Java and `gcloud components install cloud-firestore-emulator`."
        leave_out(config, items, needing, "FIRESTORE WAS NOT TESTED", f"{why}. SQLite alone was tested. {how}")
