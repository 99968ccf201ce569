"""Pieces of a page that is read in two languages: Japanese first, English beside or below."""

from collections.abc import Iterable, Sequence
from html import escape

from infra.demo.people import Words


def both(words: Words) -> str:
    """The same in both languages."""
    return f'<span lang="ja">{escape(words.ja)}</span> <span lang="en">{escape(words.en)}</span>'


def section(title: Words, body: str, *, name: str = "") -> str:
    """A part of the page under its heading."""
    return f'<section class="{name}"><h2>{both(title)}</h2>{body}</section>'


def cell(text: str, kind: str = "") -> str:
    """A table's cell, its text escaped."""
    return f'<td class="{kind}">{escape(text)}</td>'


def number(value: float | None, decimals: int = 0) -> str:
    """A cell with a number; empty where there is none."""
    return cell("" if value is None else f"{value:,.{decimals}f}", "n")


def row(head: str, cells: Iterable[str]) -> str:
    """A row whose first cell, of safe HTML, names it."""
    return f'<tr><th scope="row">{head}</th>{"".join(cells)}</tr>'


def table(
    heads: Sequence[tuple[Words, str]], rows: Iterable[str], *, caption: str = "", name: str = "", kind: str = ""
) -> str:
    """A table of rows; each head has its words and the class of its column. With a `name` it may be larger than its
    place, and is then moved by finger or keyboard."""
    named = "".join(f'<th scope="col" class="{column}">{both(words)}</th>' for words, column in heads)
    told = f"<caption>{caption}</caption>" if caption else ""
    body = f"<thead><tr>{named}</tr></thead><tbody>{''.join(rows)}</tbody>"
    moved = f' role="group" tabindex="0" aria-label="{escape(name)}"' if name else ""
    return f'<div class="scroll {kind}"{moved}><table>{told}{body}</table></div>'
