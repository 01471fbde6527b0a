"""Many visitors over many days, drawn from a seed, sent into a run; and what the system reports of them."""
