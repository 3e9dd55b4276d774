"""Events of the rules: kept, found again."""
