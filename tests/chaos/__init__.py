"""Faults struck while work was in flight, on a real PostgreSQL, a real Kafka and the services' own processes."""
