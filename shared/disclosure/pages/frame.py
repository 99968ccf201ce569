"""The frame of every page: who is looking, the way to the other pages, the language, what has just been done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from shared.disclosure.pages.static import FILES, address
from shared.disclosure.pages.words import words
from shared.edge import LANGUAGE, Call, Cookie, Page, Redirect
from shared.errors import Fault
from shared.problems import problem_of
from shared.staff.model import Member, Power, Role, powers
from shared.vocabulary import Language

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
"""Nothing runs or paints but our own files: no inline script, no style attribute, nothing from elsewhere."""
LANGUAGE_KEPT_S = 365 * 24 * 3600


class Link(NamedTuple):
    """One entry of the navigation: its key, which is its text's (`nav.…`) as well, its address, what it takes."""

    key: str
    path: str
    power: Power


NAVIGATION = (
    Link("worklist", "/", Power.SEE_WORKLIST),
    Link("take_in", "/cases/new", Power.TAKE_IN),
    Link("dashboard", "/dashboard", Power.SEE_DASHBOARD),
    Link("audit", "/audit", Power.SEE_AUDIT),
)


class Said(NamedTuple):
    """What has just been done, in words of the catalogue; told once, on top of the page and aloud."""

    key: str
    values: Mapping[str, Any] = {}


class Viewer(NamedTuple):
    """Who is looking, when, and at which address below the base, to which choosing a language leads back."""

    member: Member
    language: Language
    at: datetime
    here: str


class ChooseLanguage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of the language switch."""

    lang: Language
    back: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The pages of one function. `base` is where it stands: "" or a path such as /disclosure."""

    base: str

    def page(
        self,
        template: str,
        viewer: Viewer,
        *,
        title: str,
        part: str = "",
        said: Said | None = None,
        status: int = 200,
        policy: Mapping[str, str] | None = None,
        cookies: Sequence[Cookie] = (),
        **values: Any,
    ) -> Page:
        """`template` within the frame. `title` is a text, not a key; `part` is the navigation entry that it belongs to;
        `values` are the template's own."""
        w, allowed = words(viewer.language), powers(viewer.member, viewer.at)
        html = (
            _environment()
            .get_template(template)
            .render(
                w=w,
                lang=viewer.language,
                base=self.base,
                asset=lambda name: address(self.base, name),
                title=title,
                part=part,
                viewer=viewer,
                may=allowed,
                navigation=[link for link in NAVIGATION if link.power in allowed],
                roles=[w(f"role.{role}") for role in Role if role in viewer.member.roles(viewer.at)],
                said=w(said.key, **said.values) if said else "",
                **values,
            )
        )
        return Page(html, status, {**POLICY, **(policy or {})}, cookies)

    def fault_page(self, fault: Fault, language: Language) -> Page:
        """Instead of a page: what is wrong, and the way on. It is told before it is known who looks."""
        problem, w = problem_of(fault), words(language)
        html = (
            _environment()
            .get_template("fault.html")
            .render(
                w=w,
                lang=language,
                base=self.base,
                asset=lambda name: address(self.base, name),
                title=w("fault.title"),
                code=fault.code,
                text=problem.title(language),
                # Only this detail is written for people: how their account is called, for whoever registers it.
                account=fault.detail if fault.code == "not_staff" else "",
            )
        )
        return Page(html, problem.status, POLICY)

    async def choose_language(self, call: Call) -> Redirect:
        """POST /language: keeps the choice, and leads back to where it was made."""
        chosen: ChooseLanguage = call.body
        to = f"{self.base}{_inside(chosen.back)}"
        cookie = Cookie(LANGUAGE, chosen.lang, LANGUAGE_KEPT_S)
        return redirect(to, chosen.lang, [cookie])


def redirect(to: str, language: Language, cookies: Sequence[Cookie] = ()) -> Redirect:
    """On to another page of ours, after something was done: reloading that page does it no second time."""
    html = _environment().get_template("moved.html").render(w=words(language), lang=language, to=to)
    return Redirect(to, html, cookies)


def _inside(back: str) -> str:
    """An address of ours, whatever was asked for: nobody is led elsewhere."""
    parts = urlsplit(back)
    safe = back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable()
    return back if safe and not parts.scheme and not parts.netloc else "/"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
