"""The `houserules` command: speaks to the doors, the bus and the settings; imports no service."""
