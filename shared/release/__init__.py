"""Handing measurements on: to whom, by whose decision, and with what kept of each handing on."""
