"""`make demo`: play the story, check it, write .demo/report.html and .demo/summary.json.

python -m infra.demo [--responses DIR] [--out DIR] [--hours N]

FIT_RESPONSES in the environment is as `--responses`: a folder of answers recorded from the real Google Fit, which
are then what is fetched. Exits with 1 where anything is not as it should be.
"""

import argparse
import asyncio
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from infra.demo import recorded, simulated
from infra.demo.people import Words
from infra.demo.phone import Unexpected
from infra.demo.report import report
from infra.demo.request import FOLDER
from infra.demo.story import ENDS_AFTER
from infra.demo.summary import Summary
from infra.demo.table import show
from infra.manifest import ROOT

WRITTEN = {
    "report.html": Words("出来事とグラフ", "the story and charts"),
    "summary.json": Words("すべての数値", "all numbers"),
    "functions.log": Words("すべての要求", "every request"),
}
LEFT = {FOLDER: Words("請求の書面、開示の一式、空のアカウント", "letters, package and empty account of the request")}


def main() -> int:
    """Run it, and say how it went: 0 or 1."""
    chosen = _options()
    console = Console()
    _clear(chosen.out)
    try:
        summary = asyncio.run(_play(chosen, console))
    except Unexpected as fault:
        console.print(f"[bold red]続けられません / The story cannot go on:[/] {escape(str(fault))}")
        return 1
    show(summary, console)
    (chosen.out / "report.html").write_text(report(summary), encoding="utf-8")
    summary.write(chosen.out / "summary.json")
    for name, what in (
        *WRITTEN.items(),
        *((name, what) for name, what in LEFT.items() if (chosen.out / name).exists()),
    ):
        line = f"  {_near(chosen.out / name)}   {what.ja} [dim]{what.en}[/dim]"
        console.print(line, highlight=False, soft_wrap=True)
    return 0 if summary.ok else 1


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m infra.demo", description="The whole story on this machine.")
    given = os.environ.get("FIT_RESPONSES") or None
    options.add_argument("--responses", type=Path, default=given, metavar="DIR", help="recorded answers to replay")
    options.add_argument("--out", type=Path, default=ROOT / ".demo", metavar="DIR", help="where to write")
    options.add_argument("--hours", type=int, default=round(ENDS_AFTER / timedelta(hours=1)), help="simulated")
    chosen = options.parse_args()
    if chosen.responses and not chosen.responses.is_dir():
        options.error(f"フォルダーがありません / there is no folder: {chosen.responses}")
    return chosen


async def _play(chosen: argparse.Namespace, console: Console) -> Summary:
    if chosen.responses:
        return await recorded.play(chosen.responses, chosen.out, console)
    return await simulated.play(chosen.out, console, hours=chosen.hours)


def _clear(folder: Path) -> None:
    """Make the folder, without what an earlier run left there, and without touching anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*(folder / name for name in WRITTEN), *folder.glob("documents.db*")):
        old.unlink(missing_ok=True)
    for name in LEFT:
        shutil.rmtree(folder / name, ignore_errors=True)


def _near(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main())
