"""What goes wrong in a way that the person at the keyboard can mend."""

__all__ = ["StackError"]


class StackError(Exception):
    """One sentence that says what is wrong and what to do about it."""
