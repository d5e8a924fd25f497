"""Scenario: a webhook until its 2xx."""
