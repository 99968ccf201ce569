"""What people are told and asked: the notices, as data with effective dates."""
