"""How long raw rows are kept: days are sealed, then emptied; what no longer serves anybody is deleted."""
