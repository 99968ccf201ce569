"""Google's own Firestore emulator, found in the Cloud SDK and run for as long as it is needed.

It is started from its jar, because stopping `gcloud emulators` leaves its Java process behind.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HOST_VARIABLE = "FIRESTORE_EMULATOR_HOST"
"""Where Google's client libraries look for an emulator, as host:port."""

_JAR = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_FOR_MINUTES = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""It is gone before Java's best compiler has paid for itself: with these it needs half the CPU, or less."""
_START_S = 30.0

_GUARDED = '"$@" & child=$!; read -r _; kill -9 $child'
"""The guard lives as long as the pipe to its starter is open, and takes the emulator along when it closes: also
when the starter is killed and can clean up nothing itself."""


class EmulatorAbsent(Exception):
    """This machine cannot run the emulator; the text says what is missing."""


def command(path: str | None = None) -> list[str]:
    """How to start the emulator, without host and port. `path` is the search path to use, this process's by default.

    Raises:
        EmulatorAbsent: Java, the Cloud SDK or its emulator component is not installed.
    """
    java = shutil.which("java", path=path)
    if java is None:
        raise EmulatorAbsent("java is not installed")
    gcloud = shutil.which("gcloud", path=path)
    if gcloud is None:
        raise EmulatorAbsent("the Cloud SDK (gcloud) is not installed")
    jar = Path(gcloud).resolve().parents[1] / _JAR
    if not jar.is_file():
        raise EmulatorAbsent("the Cloud SDK has no cloud-firestore-emulator component")
    return [java, *_FOR_MINUTES, "-cp", str(jar), _MAIN, "start"]


@contextmanager
def running(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """An emulator at the yielded host:port: the one `environ` already names, or a new one that ends with the block.

    Raises:
        EmulatorAbsent: there is none and none can be started.
    """
    if given := environ.get(HOST_VARIABLE):
        yield given
        return
    port = _free_port()
    process = subprocess.Popen(
        ["/bin/sh", "-c", _GUARDED, "emulator", *command(), "--host", "127.0.0.1", "--port", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_open(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise EmulatorAbsent(f"the emulator did not open its port within {_START_S:.0f} s")
