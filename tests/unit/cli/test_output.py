"""What is shown was written by others."""

import pytest

from shared.cli.output import plain, table


def test_no_control_character_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table([{"name": "a\x1b[2Jb\u202ec", "n": None}], ("name", "n"))
    assert capsys.readouterr().out == "NAME      N\na�[2Jb�c\n"
    assert plain("Łódź – 5 €") == "Łódź – 5 €"
