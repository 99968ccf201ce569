"""`make demo`: a story told on the whole local platform, checked against the simulated Google, and written up."""
