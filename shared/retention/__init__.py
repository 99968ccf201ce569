"""Letting go of what is due: every day, bounded, and without asking twice."""
