"""The command line against a running stack."""
