"""Requests of people about their own data (開示等請求): from the first contact to the proof that it was done."""
