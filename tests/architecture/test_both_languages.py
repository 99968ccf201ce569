"""What a person reads is there in Japanese and in English, and both say the same: structure, code, links."""

import re
from collections import Counter
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from infra.manifest import ROOT

PLAYBOOKS = sorted((ROOT / "infra/playbooks").rglob("*.md"))
DOCS = sorted((ROOT / "infra/docs").glob("*.ja.md"))
READMES = {"ja": ROOT / "README.ja.md", "en": ROOT / "README.md"}
LED_TO = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
NAME = re.compile(r"(?a:\b[A-Za-z]\w*(?:[_/.][A-Za-z]\w*)+)")
"""A path, a dotted name, or one with an underscore."""

PARTS = {"意味": "What it means", "最初に見る所": "First looks", "対処": "Remedies", "いつ": "When", "だれが": "Who"}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(path: Path) -> tuple[str, str]:
    """A playbook's Japanese and its English."""
    japanese, english = path.read_text(encoding="utf-8").split("\n---\n\n")
    return japanese, english


def japanese(text: str) -> bool:
    """Whether a text is written in kana."""
    return re.search(r"[ぁ-んァ-ヶ]", text) is not None


def skeleton(text: str) -> list[str]:
    """Headings by level, but named as they are where they are names of things; parts; list items."""
    found = []
    for line in text.splitlines():
        if heading := re.match(r"(#+) (.+)", line):
            found.append(f"{heading[1]} {heading[2]}" if re.fullmatch(r"[a-z-]+", heading[2]) else heading[1])
        elif part := re.match(r"\*\*(.+?)[：.]?\*\*", line):
            found.append(PARTS.get(part[1], part[1]))
        elif item := re.match(r"(-|\d+\.) ", line):
            found.append(item[1])
    return found


def names(text: str) -> Counter[str]:
    """Code, and names of code outside of it."""
    return code(text) + Counter(NAME.findall(CODE.sub("", text)))


def code(text: str) -> Counter[str]:
    """What is set as code inside a line, wherever the line was broken."""
    return Counter(" ".join(each.split()) for each in CODE.findall(text))


def columns(line: str) -> int:
    """How wide a line is on a screen."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in line)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_says_the_same_in_both_languages(path):
    ours, theirs = page(path)
    assert japanese(ours.splitlines()[0])
    assert not japanese(theirs)
    assert skeleton(ours) == skeleton(theirs)
    assert names(ours) == names(theirs)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_fits_what_google_sends_with_an_alert(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) <= 8192
    assert len(text.encode()) <= 10_240


@pytest.mark.parametrize("path", [*PLAYBOOKS, *DOCS, READMES["ja"]], ids=lambda path: path.stem)
def test_lines_fit_a_screen(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if columns(line) > 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("path", READMES.values(), ids=READMES)
def test_the_readme_s_links_lead_somewhere(path):
    for link in LED_TO.findall(path.read_text(encoding="utf-8")):
        target, _, section = link.partition("#")
        assert "://" in link or (ROOT / target).exists(), link
        if section:
            headings = re.findall(r"^#+ (.+)$", (ROOT / target).read_text(encoding="utf-8"), re.MULTILINE)
            assert section in [heading.lower().replace(" ", "-") for heading in headings], link


def test_each_readme_leads_to_the_other():
    assert READMES["ja"].read_text(encoding="utf-8").startswith("[English](README.md)\n")
    assert READMES["en"].read_text(encoding="utf-8").startswith("[日本語](README.ja.md)\n")


def sections(language: str) -> list[str]:
    """The README's sections, in the one language, without the numbers, which only the English one has."""
    found = re.split(r"^## ", READMES[language].read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [each for each in found if not each.startswith(("数値\n", "Numbers\n"))]


def test_the_readme_says_the_same_in_both_languages():
    ours, theirs = sections("ja"), sections("en")
    assert len(ours) == len(theirs)
    for ja, en in zip(ours, theirs, strict=True):
        where = en.splitlines()[0]
        assert [kind for kind, _ in FENCED.findall(ja)] == [kind for kind, _ in FENCED.findall(en)], where
        plain_ja, plain_en = FENCED.sub("", ja), FENCED.sub("", en)
        assert code(plain_ja) == code(plain_en), where
        assert re.findall(r"^\| (I\d+) \|", ja, re.MULTILINE) == re.findall(r"^\| (I\d+) \|", en, re.MULTILINE)
        assert plain_ja.count("\n|") == plain_en.count("\n|"), where
        each_other = {path.name for path in READMES.values()}
        led_to = {link.replace(".ja.md", ".md") for link in LED_TO.findall(plain_ja)} - each_other
        assert led_to == set(LED_TO.findall(plain_en)) - each_other, where
        # Of what is set as code: which commands and places there are, and which boxes the arrows join.
        for (kind, block_ja), (_, block_en) in zip(FENCED.findall(ja), FENCED.findall(en), strict=True):
            kept = r"^ *(\w+).*-> (\w+)" if kind == "mermaid" else r"^ *(?:make )?\S+"
            assert re.findall(kept, block_ja, re.MULTILINE) == re.findall(kept, block_en, re.MULTILINE), where


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_a_page_of_the_docs_says_the_same_in_both_languages(path):
    english = path.with_name(path.name.replace(".ja.", "."))
    ja, en = path.read_text(encoding="utf-8"), english.read_text(encoding="utf-8")
    assert (english.name in LED_TO.findall(ja), path.name in LED_TO.findall(en)) == (True, True)
    assert code(FENCED.sub("", ja)) == code(FENCED.sub("", en))
    assert [line.count("|") for line in ja.splitlines() if line.startswith("|")] == [
        line.count("|") for line in en.splitlines() if line.startswith("|")
    ]
    arrows = [
        [re.findall(r"^ *(\w+) .*-> (\w+)", block, re.MULTILINE) for _, block in FENCED.findall(text)]
        for text in (ja, en)
    ]
    assert arrows[0] == arrows[1] != []
    named = {
        name
        for name in code(FENCED.sub("", en))
        if name.startswith(("shared/", "tests/", "functions/")) and "‹" not in name
    }
    assert [name for name in named if not (ROOT / name).exists()] == []
