"""The composition root, one module per need, so that a function's package holds only what that function uses.

Everything is built on a function's first request, inside its event loop; adapters import their clients on first use.
"""
