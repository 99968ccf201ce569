"""What the tools for operators have in common: they open a store that is there already, and what is missing or goes
wrong is said in one line, in Japanese and English."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

from google.auth.exceptions import GoogleAuthError

from shared.cloud.documents import Documents
from shared.cloud.stores import open_documents
from shared.errors import Fault
from shared.problems import PROBLEMS


def setting(name: str, ja: str, en: str) -> str:
    """What the environment says; without it the tool ends, saying what it is for."""
    return os.environ.get(name) or refuse(f"{name} がありません（{ja}）", f"{name} is missing: {en}")


def project() -> str:
    """The project of the store that DOCUMENTS names; this machine's has a name of its own."""
    if os.environ.get("DOCUMENTS") == "firestore":
        return setting("PROJECT", "Google Cloud のプロジェクト ID", "the id of the Google Cloud project")
    return os.environ.get("PROJECT") or "kagamino-local"


def store(database: str = "(default)") -> Documents:
    """The store that DOCUMENTS names. A file that is not there is refused: it would be made, and be empty."""
    where = setting("DOCUMENTS", "firestore または sqlite:ファイル", "firestore, or sqlite:FILE")
    scheme, _, path = where.partition(":")
    if scheme == "sqlite" and not Path(path).is_file():
        refuse(
            f"保存先のファイル {path} がありません（make dev が作るのは .dev/documents.db）",
            f"there is no store in the file {path}; the one of make dev is .dev/documents.db",
        )
    return open_documents(where, project=project(), database=database)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Do it. What ordinarily goes wrong ends it in one line, and with 1."""
    try:
        asyncio.run(work)
    except Fault as fault:
        problem = PROBLEMS[fault.code]
        refuse(problem.ja, f"{problem.en} ({fault})")
    except GoogleAuthError as refused:
        refuse("Google Cloud の認証情報がありません", f"no credentials for Google Cloud ({refused})")


def refuse(ja: str, en: str) -> NoReturn:
    """End the tool."""
    sys.exit(f"{ja} / {en}")
