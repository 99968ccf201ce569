"""The pages of staff: rendered here, usable without scripts, in Japanese and English."""
