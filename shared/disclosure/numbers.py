"""A case's number, as people write it on paper and say it over the phone: `KG-7M3X-9QRD`.

Seven random symbols and one that checks them, of Crockford's base 32 (crockford.com/base32.html, read November 2026):
no I, L, O or U, so that nothing is taken for another symbol. The check is a Reed-Solomon symbol over GF(32): symbols
weigh α⁷, …, α, 1, all different and none zero. So it finds every single wrong symbol, every two symbols that changed
places, wherever they stand, and every pair of alike symbols that became another pair; of anything else, 31 of 32.

35 random bits are enough to be met by nobody by chance, not to be unique: whoever takes a fresh number creates a
document of that name and expects it to be absent.
"""

import re
import unicodedata

from shared.errors import InvalidInput
from shared.ids import Ids, digest

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS = 8
_READ_AS = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[\s\-‐‑‒–—―−ー._/]+")


def fresh(ids: Ids) -> str:
    """A number that nobody has guessed; it may, very rarely, be taken."""
    bits = int(digest("case-number", ids.ident()), 16)
    values = [bits >> (5 * place) & 31 for place in range(_SYMBOLS - 1)]
    return _written([*values, _folded(values)])


def parsed(text: str) -> str:
    """The number that `text` means, as we write it: in whatever case, width and grouping, O for 0, I or L for 1.

    Raises InvalidInput: `case_number_invalid`: this is no number of ours; a symbol is missing, wrong or misplaced.
    """
    symbols = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    symbols = symbols.removeprefix("KG") if len(symbols) > _SYMBOLS else symbols
    values = [ALPHABET.find(symbol) for symbol in symbols.translate(_READ_AS)]
    if len(values) != _SYMBOLS or min(values) < 0:
        raise InvalidInput("case_number_invalid", "KG- and eight letters and digits")
    if _folded(values[:-1]) != values[-1]:
        raise InvalidInput("case_number_invalid", "a symbol is wrong, or two have changed places")
    return _written(values)


def _folded(values: list[int]) -> int:
    """The symbol that checks `values`: Horner's rule over GF(32), modulo x⁵ + x² + 1."""
    check = 0
    for value in values:
        check = (check ^ value) << 1
        check = check ^ 0b100101 if check > 31 else check
    return check


def _written(values: list[int]) -> str:
    symbols = "".join(ALPHABET[value] for value in values)
    return f"KG-{symbols[:4]}-{symbols[4:]}"
