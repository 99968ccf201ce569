"""No My Number is stored: whatever people write is looked through before it can reach a case, and numbers masked.

Source: 番号法 art. 19, 20 (nobody keeps a number but for the listed purposes), read November 2026.
"""

from typing import Any, TypeVar

import msgspec

from shared.disclosure.intake.mynumber import masked

S = TypeVar("S", bound=msgspec.Struct)

_NO_WORDS = frozenset(
    {"origin", "number", "registered_mail", "tracking", "letter", "sha256", "subject", "account", "born_on"}
)
"""Fields that hold codes and numbers of other kinds, of which one in eleven of twelve digits would pass for a My
Number: the post's numbers of registered mail, and the names of streams."""


def scrubbed(value: S) -> tuple[S, bool]:
    """The same without any My Number in its texts; and whether there was one."""
    found = False

    def look(name: str, part: Any) -> Any:
        nonlocal found
        if isinstance(part, str):
            if name in _NO_WORDS:
                return part
            clean = masked(part)
            found = found or clean.found
            return clean.text
        if isinstance(part, dict):
            return {key: look(key, inner) for key, inner in part.items()}
        if isinstance(part, list | tuple):
            return [look(name, inner) for inner in part]
        return part

    plain = look("", msgspec.to_builtins(value))
    return msgspec.convert(plain, type(value)) if found else value, found
