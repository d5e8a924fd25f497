"""Scenario: from a leaver to the last revocation on Kafka."""
