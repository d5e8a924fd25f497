"""Scenario: deadline arithmetic."""
