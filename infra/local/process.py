"""What the functions take from the process they run in, lent to one platform at a time: environment and clock."""

import os
from collections.abc import Mapping

from infra.local.gateway import forget_functions
from shared import clock as clocks
from shared import config
from shared.clock import Clock

_SET_BY_FRAMEWORK = ("FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE")
_loans: list["Loan"] = []


class Loan:
    """This process's environment and clock, until given back."""

    def __init__(self, environment: Mapping[str, str], clock: Clock) -> None:
        """Take them.

        Raises:
            RuntimeError: another platform has them.
        """
        if _loans:
            raise RuntimeError("another platform is running in this process")
        _loans.append(self)
        self._before = {name: os.environ.get(name) for name in (*environment, *_SET_BY_FRAMEWORK)}
        self._clock_before = clocks.process_clock()
        os.environ.update(environment)
        clocks.install(clock)
        config.settings.cache_clear()

    def give_back(self) -> None:
        """Leave everything as it was found, loaded functions included. Twice is fine."""
        if self not in _loans:
            return
        _loans.remove(self)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        clocks.install(self._clock_before)
        config.settings.cache_clear()
        forget_functions()
