"""Scenario: the handler with more processes, and with more rows already there."""
