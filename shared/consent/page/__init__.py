"""The consent page: who sees what and why, in a phone's web view, readable and usable without any script."""
