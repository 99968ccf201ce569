"""Run the simulated Google alone: `python -m infra.local.google --port 8090 [--responses DIR]`."""

import argparse
from pathlib import Path

import uvicorn

from infra.local.google import World, create_app
from infra.local.google.devices import every_device, old_band, watch
from shared.clock import SystemClock


def main() -> None:
    """Open three accounts (or those recorded), register one client, and serve until stopped."""
    options = argparse.ArgumentParser(description="A simulated Google.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8090)
    options.add_argument("--responses", type=Path, metavar="DIR", help="a folder of recorded answers to serve")
    options.add_argument("--client-id", default="local-client")
    options.add_argument("--client-secret", default="local-secret")
    options.add_argument("--redirect-uri", action="append", default=[], help="repeat for several")
    chosen = options.parse_args()

    if chosen.responses:
        world = World.from_recordings(chosen.responses, SystemClock())
        for name, reason in world.recorded.skipped.items():
            print(f"not served: {name}: {reason}")
    else:
        world = World(SystemClock(), auto_live=True)
        world.account("hanako@example.com", name="鏡野 花子", devices=every_device())
        world.account("taro@example.com", name="Taro", devices=[watch(partial_nights=True)], zone="Europe/Berlin")
        world.account("old@example.com", name="古川", devices=[old_band()])
    redirects = chosen.redirect_uri or ["http://127.0.0.1:8080/oauth_callback"]
    world.client(chosen.client_id, chosen.client_secret, redirects)
    print(f"accounts: {', '.join(world.accounts)}")
    print(f"client:   {chosen.client_id}, redirects to {', '.join(redirects)}")
    uvicorn.run(create_app(world), host=chosen.host, port=chosen.port, log_level="warning")


if __name__ == "__main__":
    main()
