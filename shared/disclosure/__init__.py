"""Requests of people about their own data, from the post-room to proof that they were carried out."""
