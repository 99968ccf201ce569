"""Which of Google's scopes lets us read which kind. One scope per kind, read only, and no other is ever asked for."""

from collections.abc import Iterable

from shared.vocabulary import Kind

_PREFIX = "https://www.googleapis.com/auth/fitness."
SCOPES: dict[Kind, str] = {
    Kind.STEPS: f"{_PREFIX}activity.read",
    Kind.BLOOD_GLUCOSE: f"{_PREFIX}blood_glucose.read",
    Kind.BLOOD_PRESSURE: f"{_PREFIX}blood_pressure.read",
    Kind.WEIGHT: f"{_PREFIX}body.read",
    Kind.HEART_RATE: f"{_PREFIX}heart_rate.read",
    Kind.BODY_TEMPERATURE: f"{_PREFIX}body_temperature.read",
    Kind.OXYGEN_SATURATION: f"{_PREFIX}oxygen_saturation.read",
    Kind.SLEEP: f"{_PREFIX}sleep.read",
}
"""The eight scopes of the privacy policy (Google Fit のデータ利用, 1–8)."""


def kinds_of(scopes: Iterable[str]) -> frozenset[Kind]:
    """The kinds that a list of granted scopes lets us read; scopes that are not ours are ignored."""
    granted = set(scopes)
    return frozenset(kind for kind, scope in SCOPES.items() if scope in granted)
