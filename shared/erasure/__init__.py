"""Erasing what is stored of a kind, or of everything, and keeping the evidence."""
