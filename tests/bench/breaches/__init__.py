"""Scenario: from a due time to its breach on Kafka."""
