"""The rules of intake, pure: bytes → facts, facts → items and events. No I/O, no clock."""
