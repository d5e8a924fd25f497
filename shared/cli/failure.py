"""What a command says when it cannot go on: one sentence and an exit code, never a traceback."""

__all__ = ["Failure", "Misuse"]


class Failure(Exception):
    """The command could not do it, or found something: exit code 1. The text is a sentence that says what to do."""

    exit_code = 1


class Misuse(Failure):
    """The command was called wrongly: exit code 2."""

    exit_code = 2
