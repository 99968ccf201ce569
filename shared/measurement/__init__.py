"""What a measurement is, how a day of them is packed, merged and read."""
