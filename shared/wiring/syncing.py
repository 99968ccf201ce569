"""Fetching one user, with Google Fit as the source."""

from shared.connection.store import ConnectionStore
from shared.ids import RandomIds
from shared.measurement.store import MeasurementStore
from shared.source.google_fit.client import GoogleFitSource
from shared.sync.fetch import Fetching
from shared.sync.model import Reach
from shared.sync.room import Room
from shared.sync.service import Pace, Syncing
from shared.wiring.authority import authority
from shared.wiring.keys import keys
from shared.wiring.platform import Platform
from shared.wiring.queue import queue

LEASE_BEYOND_S = 30
"""The lease outlives the visit by this, and ends before the task's deadline. Of the visit's time a quarter is for the
token and the list of streams, half for reading, and the rest for merging and storing."""


def syncing(p: Platform) -> Syncing:
    """One user's visit."""
    k, s = keys(p), p.settings
    reach = Reach(s.backfill_days, s.backfill_slice_days, s.overlap_days)
    return Syncing(
        documents=p.documents,
        connections=ConnectionStore(p.documents, p.clock),
        days=MeasurementStore(p.documents, k.data),
        fetching=Fetching(
            source=GoogleFitSource(s, http=p.http, clock=p.clock),
            clock=p.clock,
            reach=reach,
            deadline_s=s.sync_deadline_s / 2,
        ),
        authority=authority(p, k),
        vault=k.tokens,
        queue=queue(p),
        clock=p.clock,
        ids=RandomIds(),
        pace=Pace(
            reach=reach,
            interval_s=s.sync_interval_s,
            calls_per_minute=s.user_calls_per_minute,
            prepare_s=s.sync_deadline_s / 4,
            lease_s=s.sync_deadline_s + LEASE_BEYOND_S,
        ),
        room=Room(s.long_reads_in_flight),
    )
