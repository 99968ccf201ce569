"""Thin adapters to the platform. They hold no rules."""
