"""How the functions are deployed, packaged, checked and run on one machine. May import shared; never the reverse."""
