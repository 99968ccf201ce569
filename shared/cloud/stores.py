"""Which store this deployment keeps its documents in.

It stands apart from the port, so that whoever speaks of documents depends on no adapter.
"""

from shared.cloud.documents import Documents
from shared.errors import Refused


def open_documents(where: str, *, project: str, database: str = "(default)") -> Documents:
    """The store that the setting `documents` names: `sqlite:PATH` or `firestore`. Nothing is connected yet.

    Another database than the default is, in SQLite, another file: PATH.database.

    Raises:
        Refused: `settings`: it names neither.
    """
    if where == "firestore":
        from shared.cloud.firestore import FirestoreDocuments

        return FirestoreDocuments(project, database)
    scheme, _, path = where.partition(":")
    if scheme != "sqlite" or not path:
        raise Refused("settings", "DOCUMENTS is neither sqlite:PATH nor firestore")
    from shared.cloud.sqlite import SqliteDocuments

    return SqliteDocuments(path if database == "(default)" or path == ":memory:" else f"{path}.{database}")
