"""One user's data fetched, merged and stored; every due user fanned out to the queue."""
