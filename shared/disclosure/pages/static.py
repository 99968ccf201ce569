"""The pages' own style and script: at addresses that name their version, so that browsers need not ask again."""

import hashlib
from functools import cache
from pathlib import Path

from shared.edge import Bytes, Call
from shared.errors import NotFound

FILES = Path(__file__).parent / "files"
_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
PATTERN = "/files/{version}/{name}"
"""The route to `serve`."""


@cache
def contents() -> dict[str, bytes]:
    """The files that browsers may have, by name."""
    return {path.name: path.read_bytes() for path in sorted(FILES.iterdir()) if path.suffix in _KINDS}


@cache
def version() -> str:
    """Changes whenever one of them does."""
    return hashlib.sha256(b"\0".join(name.encode() + b"\0" + raw for name, raw in contents().items())).hexdigest()[:16]


def address(base: str, name: str) -> str:
    """Where a file is, for pages below `base`. Raises KeyError where there is none of that name."""
    if name not in contents():
        raise KeyError(name)
    return f"{base}/files/{version()}/{name}"


async def serve(call: Call) -> Bytes:
    """GET /files/{version}/{name}. Of another version, as a page that lies open since before a deployment asks for it,
    it is the newest, and is not to be kept."""
    name = call.path["name"]
    if name not in contents():
        raise NotFound("no_such_route")
    kept = "private, max-age=31536000, immutable" if call.path["version"] == version() else "no-store"
    return Bytes(contents()[name], _KINDS[Path(name).suffix], {"cache-control": kept})
