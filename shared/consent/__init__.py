"""Who may have what, for which purpose: the ledger of decisions and the one gate that asks it."""
