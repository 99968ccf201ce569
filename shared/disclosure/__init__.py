"""Disclosure requests (開示等の求め): from the first call or letter to proof that what was decided was carried out."""
