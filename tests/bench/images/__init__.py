"""Scenario: from an uploaded image to its decision on Kafka."""
