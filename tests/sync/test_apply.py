from datetime import UTC, datetime

from shared.connection.model import Connection, KindLink, LinkState
from shared.consent.model import Consents
from shared.measurement.model import DAY_NS, Points, SetAside
from shared.sync.apply import begin
from shared.sync.fetch import KindFetch
from shared.sync.model import Plan
from shared.sync.ports import Feed
from shared.vocabulary import Kind, Provider

FLOOR = 20_000 * DAY_NS
AT = datetime(2026, 11, 23, tzinfo=UTC)


def beginnings(feeding):
    """What is to be stored, and set aside, of a feed that tells of two days before the floor and of the floor's own."""
    starts = [FLOOR - DAY_NS, FLOOR - 1, FLOOR]
    weights = Points.of_rows(Kind.WEIGHT, [(at, at, "scale", "", 1, 70.0) for at in starts])
    odd = [SetAside("impossible_value", b"{}", at) for at in (FLOOR - 1, FLOOR + 5, None)]
    fetch = KindFetch(Kind.WEIGHT, Plan((), FLOOR, FLOOR, reread=False))
    fetch.feeds = {"stream": Feed(weights, [], odd, "token", caught_up=True)}
    connection = Connection(
        uid="hana",
        provider=Provider.GOOGLE_FIT,
        state=LinkState.ACTIVE,
        subject="s",
        kinds={Kind.WEIGHT: KindLink(feeding=feeding)},
        consents=Consents(),
        tokens=None,
        linked=1,
        linked_at=AT,
        shard=0,
        next_sync_at=AT,
    )
    news = begin(connection, [fetch], b"key")[Kind.WEIGHT].news.values()
    upserts = [at for one in news for change in one.changes for at in change.upserts.start_ns]
    aside = [one.start_ns for day in news for change in day.changes for one in change.set_aside]
    return sorted(upserts), sorted(aside, key=str)


def test_the_history_a_new_feed_recounts_is_kept_from_the_floor_on_only():
    assert beginnings(feeding=False) == ([FLOOR], [FLOOR + 5, None])


def test_what_a_feed_that_has_caught_up_tells_is_news_however_old():
    assert beginnings(feeding=True)[0] == [FLOOR - DAY_NS, FLOOR - 1, FLOOR]
