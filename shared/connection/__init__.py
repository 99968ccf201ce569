"""A person's link to a provider: how it comes about, what state it is in, how it ends."""
