"""What this machine cannot test is left out, and never in silence: not even where workers collect the tests."""

from typing import Any

import pytest

_NOTES = pytest.StashKey[dict[str, list[str]]]()


def leave_out(config: pytest.Config, items: list[pytest.Item], needing: list[pytest.Item], title: str, why: str):
    """Take `needing` out of `items`, and say so at the end, under `title`."""
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]
    _notes(config)[title] = [f"{len(needing)} tests were left out: {why}"]


def _notes(config: pytest.Config) -> dict[str, list[str]]:
    """What was left out; from a worker it is sent to whoever tells."""
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        notes: dict[str, list[str]] = output.setdefault("left_out", {})
        return notes
    return config.stash.setdefault(_NOTES, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object):
    """A worker has ended: all of them left out the same."""
    _notes(node.config).update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config):
    """Say loudly what was left out, and why."""
    for title, lines in _notes(config).items():
        terminalreporter.section(title, sep="!", red=True, bold=True)
        for line in lines:
            terminalreporter.line(line, red=True)
