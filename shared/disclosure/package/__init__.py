"""Everything that is held of one person, as one package to take along."""
