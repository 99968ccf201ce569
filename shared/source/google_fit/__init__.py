"""Google Fit's REST API, version 1."""
