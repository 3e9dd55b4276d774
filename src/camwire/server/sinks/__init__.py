"""Events on their way to others: each at least once, in order, tried again until it is taken."""
