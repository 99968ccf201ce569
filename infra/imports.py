"""What a module imports, followed through shared/: read from the source, nothing is run.

An import inside a function counts like any other, because one day it runs. An import under `if TYPE_CHECKING:` never
runs and does not count.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Closure:
    """Files of shared/ that a start file reaches, and the dotted names outside shared/ that it and they import."""

    files: tuple[Path, ...]
    outside: frozenset[str]


def closure(start: Path, root: Path) -> Closure:
    """Everything `start` reaches. `root` is the folder that holds shared/.

    Raises:
        ValueError: an import that cannot work in a package of its own: relative, computed, or of a missing module.
    """
    seen: set[Path] = set()
    outside: set[str] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        for name in imported(file):
            if name.split(".")[0] != "shared":
                outside.add(name)
                continue
            found = _files(name, root)
            if not found:
                raise ValueError(f"{file.relative_to(root)} imports {name}, which does not exist")
            waiting.extend(path for path in found if path not in seen)
            seen.update(found)
    return Closure(files=tuple(sorted(seen)), outside=frozenset(outside))


def imported(file: Path) -> tuple[str, ...]:
    """The dotted name of everything `file` imports: `from a.b import c` gives `a.b.c`, which may be a module or not."""
    return _named(file.read_text(encoding="utf-8"), file)


@cache
def _named(source: str, file: Path) -> tuple[str, ...]:
    """As `imported`: most of shared/ is reached by every function, and need not be parsed for each of them."""
    return tuple(_names(source, file))


def _names(source: str, file: Path) -> Iterator[str]:
    for node in _running(_tree(source, file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{file}:{node.lineno}: a relative import")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            if not (node.args and isinstance(node.args[0], ast.Constant)):
                raise ValueError(f"{file}:{node.lineno}: an import whose name is computed cannot be packaged")
            yield str(node.args[0].value)


def _tree(source: str, file: Path) -> ast.AST:
    try:
        return ast.parse(source, filename=str(file))
    except SystemError:
        # CPython before 3.11.5 counts the depth of trees for all threads together: another thread's parsing at the
        # same moment, or garbage collected meanwhile, looks like a fault of this one (python/cpython#106905).
        return ast.parse(source, filename=str(file))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below `node` that may run, which leaves out the bodies of `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for other in child.orelse:
                yield other
                yield from _running(other)
            continue
        yield child
        yield from _running(child)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _files(name: str, root: Path) -> list[Path]:
    """The files that importing `name` runs: every package on the way, then the module, if `name` is or has one."""
    found: list[Path] = []
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:end])
        if (place / "__init__.py").is_file():
            found.append(place / "__init__.py")
        elif place.with_suffix(".py").is_file():
            return [*found, place.with_suffix(".py")]
        elif not place.is_dir():
            # The last part may be something a package defines; anything before it must be there.
            return found if end == len(parts) else []
    return found
