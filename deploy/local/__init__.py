"""The embedded stack: PostgreSQL, Kafka and the services on one machine, with nothing but Python installed."""
