"""What people send in: dates and numbers as they write them, scans of paper, and what must not be kept of it."""
