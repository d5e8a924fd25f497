"""How fast it is, and what that is measured against: `python -m tests.bench`. `harness` says how to add a scenario."""
