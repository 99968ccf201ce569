"""Folders of notices, written for a test: the one that comes with the code, byte for byte, and others beside it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from shared.policy.notices import FILES, SHIPPED, digest_of

FIRST = "2026-10-01"
LATER = "2027-04-01"
LATER_AT = dt.datetime(2027, 3, 31, 15, tzinfo=dt.UTC)  # midnight in Tokyo
Files = dict[str, bytes]
Edit = Callable[[dict[str, Any]], object]


def shipped(version: str = FIRST) -> Files:
    """The files of a notice that comes with the code."""
    return {name: (SHIPPED / version / name).read_bytes() for name in FILES}


def edited(files: Files, edit: Edit) -> Files:
    """The files with notice.yaml changed."""
    contents = yaml.load(files["notice.yaml"], yaml.CSafeLoader)
    edit(contents)
    return {**files, "notice.yaml": yaml.safe_dump(contents, allow_unicode=True, sort_keys=False).encode()}


def write(folder: Path, notices: dict[str, Files]) -> Path:
    """`folder` with these published in this order, under the hashes they have."""
    lines = []
    for version, files in notices.items():
        place = folder / version
        place.mkdir(parents=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
        lines.append(f"{digest_of(files)} {version}\n")
    (folder / "PUBLISHED").write_text("".join(lines), encoding="ascii")
    return folder


def later(contents: dict[str, Any]) -> None:
    """A later notice: performing entrusted work begins to stand on consent, for some kinds and a recipient it never
    had; online consultations are gone; guidance is for fewer kinds; words, names and times have changed."""
    contents["version"], contents["in_force_from"] = LATER, dt.date(2027, 4, 1)
    purposes = contents["purposes"]
    purposes["entrusted"] |= {
        "basis": "consent",
        "kinds": ["steps", "weight"],
        "recipient": "institution",
        "google": True,
        "lasts_days": 30,
    }
    del purposes["online_consult"]
    purposes["health_guidance"]["kinds"] = ["weight", "blood_pressure"]
    purposes["qolms_store"]["why"] = {"ja": "新しい文言です。", "en": "New words."}
    purposes["family_watch"]["lasts_days"] = 30
    contents["service"] = {"ja": "新QOLMS", "en": "New QOLMS"}
    contents["rules"]["erasure_within_hours"] = [
        {"from": dt.date(2027, 4, 1), "value": 12},
        {"from": dt.date(2027, 5, 1), "value": 6},
    ]


def both(folder: Path, edit: Edit = later) -> Path:
    """The notice that comes with the code, and a later one."""
    files = edited(shipped(), edit)
    prose = {name: files[name] + b"\n2027\n" for name in ("en.md", "ja.md")}
    return write(folder, {FIRST: shipped(), LATER: {**files, **prose}})
