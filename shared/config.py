"""The only place that reads the environment. See `Settings` for every name there is.

A setting that is missing or wrong is reported together with all the others, by name, before anything is served.
Credentials are never settings: they live in Secret Manager, and only their names stand here.
"""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any

from shared.errors import Refused


def _setting(default: Any = MISSING, *, least: int | None = None, most: int | None = None, doc: str = "") -> Any:
    return field(default=default, metadata={"least": least, "most": most, "doc": doc})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that differs between one deployment and another. The environment's name is the field's, upper case."""

    # where the parts of the platform are
    documents: str = _setting(doc="`sqlite:PATH`, or `firestore` (the emulator by FIRESTORE_EMULATOR_HOST)")
    project: str = _setting("kagamino-local", doc="Google Cloud project id")
    region: str = _setting("asia-northeast1", doc="Google Cloud region: Tokyo, the policy keeps data in Japan")
    public_url: str = _setting(doc="where the functions are reached, without a trailing slash; each at /<function>")
    machine_url: str = _setting("", doc="where queue and scheduler call them, in the same way; empty: PUBLIC_URL")
    tasks_endpoint: str = _setting("", doc="host:port of a plain-text Cloud Tasks; empty: Google's own")
    secrets_endpoint: str = _setting("", doc="host:port of a plain-text Secret Manager; empty: Google's own")

    # who may call
    firebase_project: str = _setting(doc="audience and issuer suffix of the app users' ID tokens")
    firebase_certs_url: str = _setting(
        "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com",
        doc="certificates (x509 by key id, or a JWK set) that sign app users' ID tokens",
    )
    firebase_accounts_url: str = _setting(
        "https://identitytoolkit.googleapis.com/v1", doc="where it is asked whether a sign-in still counts"
    )
    firebase_api_key: str = _setting("", doc="the Firebase project's web API key, which names the project: no secret")
    google_certs_url: str = _setting(
        "https://www.googleapis.com/oauth2/v3/certs", doc="keys that sign Google's own ID tokens and service tokens"
    )
    iap_certs_url: str = _setting(
        "https://www.gstatic.com/iap/verify/public_key-jwk", doc="keys that sign what Identity-Aware Proxy asserts"
    )
    iap_audience: str = _setting(
        "", doc="whom its assertions are for: /projects/NUMBER/global/backendServices/ID; empty: nobody is staff"
    )
    staff_domain: str = _setting(
        "", doc="the hosted domain of staff's Google accounts; empty: the roster alone decides"
    )
    scheduler_account: str = _setting(doc="e-mail of the service account that Cloud Scheduler calls with")
    tasks_account: str = _setting(doc="e-mail of the service account that Cloud Tasks calls with")

    # Google as the source of measurements
    google_client_id: str = _setting(doc="OAuth client id (the web client's)")
    google_accounts_url: str = _setting("https://accounts.google.com/o/oauth2/v2/auth", doc="consent screen")
    google_token_url: str = _setting("https://oauth2.googleapis.com/token", doc="token endpoint")
    google_revoke_url: str = _setting("https://oauth2.googleapis.com/revoke", doc="revocation endpoint")
    google_fitness_url: str = _setting("https://fitness.googleapis.com/fitness/v1", doc="Fitness REST base")
    google_issuer: str = _setting("https://accounts.google.com", doc="issuer of Google's ID tokens")
    app_link: str = _setting(doc="https App Link (a custom scheme only with DEVELOPMENT=1) the browser returns to")
    development: int = _setting(0, least=0, most=1, doc="1 on a developer's machine, never in production")

    notices: str = _setting("", doc="folder of published notices; empty: those that come with the code")

    # AWS: mail, and what is kept where this project's owner cannot change it
    aws_region: str = _setting("ap-northeast-1", doc="AWS region: Tokyo as well")
    aws_role: str = _setting("", doc="ARN of the functions' roles, without the `-<function>` they end in")
    aws_audience: str = _setting("kagamino-aws", doc="audience of the ID tokens that the roles' trust policy asks for")
    aws_endpoint: str = _setting("", doc="URL of a plain-text AWS that asks for no credentials; empty: AWS itself")
    anchors: str = _setting(
        "folder:.dev/anchors", doc="where the audit log is anchored: `s3:BUCKET` with Object Lock; or a folder, here"
    )
    mail_from: str = _setting("", doc="whom mails come from: `Name <address>`, verified at SES")
    mail_configuration_set: str = _setting("", doc="SES configuration set, which publishes what becomes of each mail")
    mail_events_url: str = _setting("", doc="URL of the SQS queue where that arrives")

    # how much, how often
    due_shards: int = _setting(
        4, least=1, most=256, doc="slices of the due index (500 index writes/s each); to be raised, never lowered"
    )
    sync_interval_s: int = _setting(3600, least=300, doc="how often each user is fetched")
    dispatch_budget_s: int = _setting(
        480, least=10, most=1700, doc="a tick stops in time and leaves the rest to the next"
    )
    backfill_days: int = _setting(
        90, least=0, most=36500, doc="how far back the first link reaches; 36500 is all there is"
    )
    backfill_slice_days: int = _setting(15, least=1, most=60, doc="how much of it one task fetches")
    overlap_days: int = _setting(
        30, least=1, most=90, doc="how late a device may upload and still be found by re-reading"
    )
    sync_deadline_s: int = _setting(
        240, least=30, most=1500, doc="one user's fetch; under the lease, which is under the task's"
    )
    link_attempts: int = _setting(20, least=1, doc="how often a person may begin to link within ten minutes")
    user_calls_per_minute: int = _setting(300, least=30, most=300, doc="Google's own bound is 300 per user")
    users_in_flight: int = _setting(100, least=1, most=500, doc="users one instance fetches at a time")
    long_reads_in_flight: int = _setting(
        8, least=1, most=100, doc="of these, how many may read weeks at a time: some 15 MiB each, the rest waits"
    )
    pages_in_flight: int = _setting(
        16, least=1, most=256, doc="answers of Google one instance holds in memory at a time"
    )


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting.

    Raises:
        Refused: `settings`: its detail names everything that is missing or wrong, at once.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for f in fields(Settings):
        name, raw = f.name.upper(), environ.get(f.name.upper())
        if raw is None or raw == "":
            if f.default is MISSING:
                faults.append(f"{name} is missing ({f.metadata['doc']})")
            continue
        if f.type is not int:
            values[f.name] = raw.rstrip("/") if f.name.endswith("_url") else raw
            continue
        least, most = f.metadata["least"], f.metadata["most"]
        if not raw.isascii() or not raw.isdigit():
            faults.append(f"{name} is not a whole number: {raw!r}")
        elif (least is not None and int(raw) < least) or (most is not None and int(raw) > most):
            faults.append(f"{name} is {raw}, outside {least}..{'' if most is None else most}")
        else:
            values[f.name] = int(raw)
    if not faults:
        faults = _contradictions(Settings(**values))
    if faults:
        raise Refused("settings", "; ".join(faults))
    return Settings(**values)


def _contradictions(s: Settings) -> list[str]:
    faults = []
    if not s.documents.startswith("sqlite:") and s.documents != "firestore":
        faults.append("DOCUMENTS is neither sqlite:PATH nor firestore")
    if s.iap_audience and not s.iap_audience.startswith("/projects/"):
        faults.append("IAP_AUDIENCE does not begin with /projects/, as every audience of its assertions does")
    if not s.development:
        if not s.app_link.startswith("https://"):
            faults.append("APP_LINK is not https, which only a developer's machine may have")
        if not s.public_url.startswith("https://"):
            faults.append("PUBLIC_URL is not https, which only a developer's machine may have")
        if s.machine_url and not s.machine_url.startswith("https://"):
            faults.append("MACHINE_URL is not https, which only a developer's machine may have")
        if not s.firebase_api_key:
            faults.append("FIREBASE_API_KEY is missing, without which nobody's sign-in can be checked")
        if s.tasks_endpoint or s.secrets_endpoint:
            faults.append("TASKS_ENDPOINT and SECRETS_ENDPOINT are plain text, for a developer's machine only")
        faults += _contradictions_at_aws(s)
    return faults


def _contradictions_at_aws(s: Settings) -> list[str]:
    needed = ("aws_role", "mail_from", "mail_configuration_set", "mail_events_url")
    missing = [name.upper() for name in needed if not getattr(s, name)]
    faults = [f"{name} is missing, which only a developer's machine may do without" for name in missing]
    if not s.anchors.startswith("s3:"):
        faults.append("ANCHORS is no bucket, which only a developer's machine may do without")
    if s.aws_endpoint:
        faults.append("AWS_ENDPOINT is plain text, for a developer's machine only")
    return faults


@cache
def settings() -> Settings:
    """This process's settings, read on first use."""
    return load(os.environ)
