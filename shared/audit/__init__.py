"""What happened, in entries nobody can change unnoticed."""
