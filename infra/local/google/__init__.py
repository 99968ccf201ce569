"""A simulated Google: accounts, devices, consent, tokens and Fitness data, over HTTP or as Python objects."""

from infra.local.google.accounts import Account
from infra.local.google.app import create_app
from infra.local.google.devices import Device
from infra.local.google.faults import Fault
from infra.local.google.quota import Quota
from infra.local.google.world import World

__all__ = ["Account", "Device", "Fault", "Quota", "World", "create_app"]
