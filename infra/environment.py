"""Makes `.venv` hold what a command needs, and says what it is doing. Runs on any Python 3.11+ with nothing installed.

    python3 infra/environment.py run     what `make demo` and `make dev` need
    python3 infra/environment.py dev     that, and what tests and checks need

Each set is installed again only when its requirement files have changed. Packages come from wherever this machine's
pip or uv is set to look, and each must have a hash written in the requirement files.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"

RUN = ("requirements.txt", "infra/requirements-local.txt")
SETS = {"run": RUN, "dev": (*RUN, "tests/requirements-dev.txt")}


def main(wanted: str) -> None:
    """Bring `.venv` up to the set `wanted`: nothing to do and nothing said when it is there already."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 …")
    files = [ROOT / name for name in SETS[wanted]]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = VENV / f".installed-{wanted}"
    if stamp.exists() and stamp.read_text() == digest:
        return
    started = time.monotonic()
    if not (BIN / "python").exists():
        say("creating .venv")
        run([sys.executable, "-m", "venv", str(VENV)], hint="On Debian and Ubuntu: apt-get install python3-venv")
    say(f"installing {' + '.join(SETS[wanted])} (needs a package index; only when these files change)")
    install(files)
    stamp.write_text(digest)
    say(f"ready after {time.monotonic() - started:.0f} s")


def install(files: list[Path]) -> None:
    """Install exactly what `files` list, checking every hash: with uv, ten times faster, or else with pip."""
    listed = [argument for file in files for argument in ("-r", str(file))]
    if uv_at_hand(files) and attempt(
        [BIN / "uv", "pip", "install", "--quiet", "--python", BIN / "python", "--require-hashes", *listed]
    ):
        return
    say("uv cannot reach these packages; continuing with pip, which takes a minute or two")
    run([str(BIN / "pip"), "install", "--quiet", "--require-hashes", *listed])


def uv_at_hand(files: list[Path]) -> bool:
    """Whether `.venv` has the pinned uv, fetching it first, checked by its hash, if it is missing."""
    if (BIN / "uv").exists():
        return True
    listed = VENV / "uv.txt"
    listed.write_text("".join(entry for file in files for entry in entries(file) if entry.startswith("uv==")))
    return attempt([BIN / "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", listed])


def entries(file: Path) -> list[str]:
    """The requirements in a compiled file, each with the lines of hashes that belong to it."""
    found: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line[:1].isalnum():
            found.append(line)
        elif found and line.lstrip().startswith("--hash"):
            found[-1] += line
    return found


def attempt(command: list[str | Path]) -> bool:
    """Run `command` and tell whether it worked; what it said is shown only if it did not."""
    done = subprocess.run(command, env=quiet(), capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.returncode == 0


def run(command: list[str], *, hint: str = "") -> None:
    """Run `command`, showing what it says; stop everything if it fails."""
    if subprocess.run(command, env=quiet(), check=False).returncode:
        sys.exit(f"failed: {' '.join(command)}\n{hint}")


def quiet() -> dict[str, str]:
    """This environment, for installers: modules compiled once now start every command faster."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_COMPILE_BYTECODE": "1"}


def say(what: str) -> None:
    """One line for the person waiting."""
    print(f"· {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
