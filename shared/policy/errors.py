"""What can be wrong with a pack, and with asking for one."""

from pathlib import Path

__all__ = ["PolicyError", "UnknownOrganisation"]


class PolicyError(Exception):
    """A pack that is refused: the file, the key in it (a TOML path such as `rules[2].clauses[0]`) and the reason."""

    def __init__(self, file: str | Path, key: str, reason: str) -> None:
        super().__init__(f"{file}: {key}: {reason}")
        self.file = str(file)
        self.key = key
        self.reason = reason


class UnknownOrganisation(KeyError):
    """No pack was loaded for this organisation."""

    def __init__(self, organisation: str) -> None:
        super().__init__(organisation)
        self.organisation = organisation

    def __str__(self) -> str:
        return f"no policy pack for organisation {self.organisation!r}"
