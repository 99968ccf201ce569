"""E-mails that must not be lost: queued with what they tell of, sent until they are sent, watched until they arrive."""
