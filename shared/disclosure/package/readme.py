"""The first file anybody opens, in both languages."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.observations import MOST_ENTRIES
from shared.disclosure.package.tables import BOM, written
from shared.disclosure.package.words import CATEGORIES, Say
from shared.disclosure.package.zipped import Piece
from shared.measurement.civil import ZoneTimeline
from shared.policy.model import Notice, Words
from shared.vocabulary import Kind, Language

_FILES = Path(__file__).parent / "files"
_ABOUT: dict[str, Words] = {
    "measurements/*.csv": Words(ja="測定値の表", en="Measurements as tables"),
    "fhir/*.json": Words(ja="測定値（FHIR R4）", en="Measurements as FHIR R4"),
    "consents/history.csv": Words(ja="同意の履歴", en="History of your consents"),
    "consents/receipts.json": Words(ja="同意の受領書（電子署名付き）", en="Signed receipts of your consents"),
    "consents/records.json": Words(ja="同意の記録（ISO/IEC TS 27560）", en="Your consents after ISO/IEC TS 27560"),
    "consents/consents.fhir.json": Words(ja="同意の記録（FHIR R4）", en="Your consents as FHIR R4"),
}


async def files(
    order: Order, notice: Notice, zones: ZoneTimeline, erasing: Sequence[Kind], public_url: str
) -> AsyncIterator[Piece]:
    """The one in the order's language first. Lines end as every system's editor takes them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # A text file: there is nothing to escape for.
    env = Environment(loader=FileSystemLoader(_FILES), undefined=StrictUndefined, autoescape=False)  # noqa: S701 # nosec B701
    contents = notice.contents
    for language in sorted(Language, key=lambda one: one is not order.language):
        text = env.get_template(f"readme.{language}.txt").render(
            say=Say(language),
            number=order.number,
            first=order.first,
            last=order.last,
            at=written(order.at, zones),
            zones=zone_names(zones),
            files=_listed(order, language),
            most=MOST_ENTRIES,
            public_url=public_url,
            erasing=", ".join(contents.kinds[kind].of(language) for kind in erasing),
            controller=contents.controller.name.of(language),
            desk=contents.controller.contact.name.of(language),
            contact=contents.controller.contact,
        )
        yield Piece(f"README.{language}.txt", BOM + text.replace("\n", "\r\n").encode())


def zone_names(zones: ZoneTimeline) -> str:
    """The zones that dates are of."""
    return ", ".join(dict.fromkeys(change.zone for change in zones.changes))


def _listed(order: Order, language: Language) -> list[tuple[str, str]]:
    listed: list[tuple[str, str]] = []
    for category in Category:
        if category not in order.categories:
            continue
        special = {Category.MEASUREMENTS: ("measurements/", "fhir/"), Category.CONSENTS: ("consents/",)}.get(category)
        if special:
            listed += [(path, words.of(language)) for path, words in _ABOUT.items() if path.startswith(special)]
        else:
            listed.append((f"{category}.csv, .json", CATEGORIES[category].of(language)))
    return listed
