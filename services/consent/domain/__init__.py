"""The rules of consent: pure, no clock. `table` is the decision table, `speaks` says which record counts in it."""
