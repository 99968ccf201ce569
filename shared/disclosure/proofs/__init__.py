"""One-time links: to prove that somebody reads what is mailed to them, or holds an account; and to hand data over."""
