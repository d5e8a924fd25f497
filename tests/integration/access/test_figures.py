"""What ops are shown of access: nothing in it breaks what is shown."""

import pytest

from shared.bus import Tx
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import at, left


async def test_a_bug_in_measuring_does_not_make_what_is_committed_look_as_if_it_had_failed(
    staffed: Landlord, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(tx: Tx) -> None:
        raise ZeroDivisionError(f"of {tx.now}")

    await staffed.hear(left("p1"))
    known = await staffed.revocations()
    await staffed.forget()
    staffed.bus.measure = broken
    answer = await staffed.act(known["g1"]["revocation"], "confirm", file=PDF)
    assert answer.status_code == 200, answer.text
    assert await staffed.names() == ["revocation-claimed", "revocation-confirmed"]
    said = capsys.readouterr()
    assert "what was committed cannot be shown" in said.out + said.err
    assert "ZeroDivisionError at tests/integration/access/test_figures.py" in said.out + said.err
    assert f"of {at('Mon 09:00')}" not in said.out + said.err, "an exception's text may hold what an event held"
