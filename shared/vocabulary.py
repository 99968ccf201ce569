"""The closed lists every other module speaks in. Nothing here depends on anything else."""

from enum import StrEnum


class Kind(StrEnum):
    """The eight kinds of health data the privacy policy names, and no other."""

    STEPS = "steps"
    BLOOD_GLUCOSE = "blood_glucose"
    BLOOD_PRESSURE = "blood_pressure"
    WEIGHT = "weight"
    HEART_RATE = "heart_rate"
    BODY_TEMPERATURE = "body_temperature"
    OXYGEN_SATURATION = "oxygen_saturation"
    SLEEP = "sleep"


class Provider(StrEnum):
    """Where measurements are fetched from."""

    GOOGLE_FIT = "google_fit"


class Purpose(StrEnum):
    """Why data is touched. The policy's list is closed: its 等 ("and so on") authorises nothing."""

    QOLMS_STORE = "qolms_store"
    """Sending to and storing at QOLMS: the purpose every fetch needs."""


class Language(StrEnum):
    """The languages a person may read us in."""

    JA = "ja"
    EN = "en"
