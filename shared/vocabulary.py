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
    """Why data is touched. The list is closed: the policy's 等 ("and so on") authorises nothing.

    What each means, on which legal basis, and which kinds it may ever touch stands in the notice (`shared/policy`).
    """

    QOLMS_STORE = "qolms_store"
    """Sending to and storing at QOLMS: the purpose every fetch needs."""
    HEALTH_GUIDANCE = "health_guidance"
    ONLINE_CONSULT = "online_consult"
    FAMILY_WATCH = "family_watch"
    SELF_ACCESS = "self_access"
    """Showing people their own data, which the law lets them see without deciding anything."""
    INQUIRY = "inquiry"
    NEW_SERVICE = "new_service"
    REQUEST_HANDLING = "request_handling"
    ENTRUSTED = "entrusted"
    PARTNER = "partner"
    RECRUIT = "recruit"
    HR = "hr"
    CCTV = "cctv"


class Language(StrEnum):
    """The languages a person may read us in."""

    JA = "ja"
    EN = "en"
