"""`make bench`: measures everything the contract names, and writes one JSON document.

    python -m infra.bench [PART…]      codec, operations, latency, flight, cold, dispatch, gate, audit, package, basics

All parts by default.

Progress goes to standard error, the document to standard output and to .bench/bench.json. Ratios are of things
measured side by side in this very run. The exit status is 1 where a target is not met.
"""

import argparse
import asyncio
import contextlib
import io
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from infra.bench import audit, basics, codec, cold, dispatch, flight, gate, latency, operations, package
from infra.bench.targets import Part, Target, machine, say
from infra.manifest import ROOT
from shared.cloud.documents import Data

OUT = ROOT / ".bench" / "bench.json"


async def of_codec() -> Part:
    """The codec's numbers, held to their limits."""
    return codec_part(await asyncio.to_thread(codec.run))


def codec_part(found: Data) -> Part:
    """As the codec's bench says which of its numbers stand for the targets."""
    targets = [
        Target("page to packed day, over orjson alone", found["ratio"], found["ratio_target"], "x"),
        Target("a sealed day", found["bytes_per_sample"], found["bytes_per_sample_target"], "bytes per sample"),
    ]
    return Part(targets, found)


Measure = Callable[[], Awaitable[Part]]

PARTS: dict[str, Measure] = {
    "codec": of_codec,
    "operations": operations.run,
    "latency": latency.run,
    "flight": flight.run,
    "cold": cold.run,
    "dispatch": dispatch.run,
    "gate": gate.run,
    "audit": audit.run,
    "package": package.run,
    "basics": basics.run,
}


async def measured(parts: Mapping[str, Measure]) -> Data:
    """The whole document."""
    document: Data = {"machine": machine(), "parts": {}}
    for name, measure in parts.items():
        say(f"{name} …")
        started = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):  # what the measured code logs is not ours to tell
            part = await measure()
        document["parts"][name] = {"seconds": round(time.perf_counter() - started, 1), **part.document()}
        for target in part.targets:
            if not target.met:
                say(f"NOT MET: {target.name}: {target.measured:.2f} {target.unit}, limit {target.limit:g}")
    missed = [
        f"{name}: {t['name']}" for name, part in document["parts"].items() for t in part["targets"] if not t["pass"]
    ]
    return {"pass": not missed, "not_met": missed, **document}


def main(arguments: Sequence[str] | None = None, parts: Mapping[str, Measure] = PARTS, out: Path = OUT) -> None:
    """Measure what the command line names, and write it down."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; all by default")
    chosen = parser.parse_args(arguments).parts
    if unknown := set(chosen) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    document = asyncio.run(measured({name: parts[name] for name in chosen or parts}))
    text = json.dumps(document, indent=2)
    out.parent.mkdir(exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    print(text)
    say(
        f"written to {out.parent.name}/{out.name}; {'every target met' if document['pass'] else 'not every target met'}"
    )
    sys.exit(0 if document["pass"] else 1)


if __name__ == "__main__":
    main()
