"""One address for everything: each function under its own name, served by the framework that serves it in the cloud."""

import importlib.util
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from functions_framework import aio
from starlette.requests import Request

from shared.edge import App, Route
from shared.errors import NotFound

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class Gateway:
    """Gives each request to the app that its first path segment names.

    A function sees its path without its own name, as behind Google's front end. A part of the platform (`mounts`)
    sees the whole path, and its own name as `root_path`.
    """

    def __init__(self, functions: Mapping[str, Asgi], mounts: Mapping[str, Asgi]) -> None:
        self._functions = functions
        self._mounts = mounts
        # A function without a single route answers as every function does where it has none.
        self._nowhere = App("gateway", self._no_routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        name, slash, rest = scope["path"].removeprefix("/").partition("/")
        if name in self._functions:
            raw = scope.get("raw_path", b"").removeprefix(b"/" + name.encode())
            behind = {**scope, "path": slash + rest or "/", "raw_path": raw or b"/"}
            await self._functions[name](behind, receive, send)
        elif name in self._mounts:
            below = {**scope, "root_path": f"/{name}"}
            await self._mounts[name](below, receive, send)
        else:
            missing = await self._nowhere(Request(scope, receive))
            await missing(scope, receive, send)

    def _no_routes(self) -> Sequence[Route]:
        raise NotFound("no_such_route", f"functions: {', '.join(sorted(self._functions))}")


def load_function(name: str, folder: Path) -> Asgi:
    """The function `name` out of `folder`/main.py, made into an app by functions-framework itself.

    The framework's own loader would call every module `main` and put it in the others' place, where types defined in
    them could not find themselves again; here each has a name of its own.
    """
    source = folder / "main.py"
    spec = importlib.util.spec_from_file_location(f"local_functions.{name}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        app: Asgi = aio.create_asgi_app_from_module(name, str(source), None, module, spec)
    except BaseException:
        sys.modules.pop(spec.name, None)
        raise
    return app


def forget_functions() -> None:
    """Let go of every loaded function's module, so that the next platform in this process starts with fresh ones."""
    for name in [name for name in sys.modules if name.startswith("local_functions.")]:
        del sys.modules[name]
