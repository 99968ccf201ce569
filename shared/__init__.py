"""The rules of KAGAMINO's health-data backend, divided by domain. Imports point downwards only; see README.md."""
