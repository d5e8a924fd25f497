"""Pictures of the overview for the README, drawn from a real Prometheus: `make pictures`."""
