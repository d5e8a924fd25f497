"""A pack that does not hold together is refused with the file, the key and the reason."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from shared.policy import PolicyError, check, load_packs

Write = Callable[..., Path]

MON = 'mon = ["09:00-12:00", "13:00-17:00"]'
TUE = 'tue = ["22:00-06:00"]'
THU = 'thu = ["00:00-24:00"]'
OPENING = f"[opening]\n{MON}\n{TUE}\n{THU}"
RESOLUTION = 'id = "resolution"\nkind = "resolution"\nclauses = ["acme:1"]'
TRIAGE = "patterns = ['\\bwin\\d{1,3}+\\b']"
WARN = 'warn = ["half", "30 min", "16:00"]'


def row(key: str, reason: str, old: str, new: str, case: str) -> object:
    return pytest.param(key, reason, [(old, new)], id=case)


HOURS = [
    row("opening.mon[1]", "overlaps with 09:00-14:00", MON, 'mon = ["09:00-14:00", "13:00-17:00"]', "overlapping"),
    row("opening.mon[1]", "overlaps", MON, 'mon = ["13:00-17:00", "09:00-14:00"]', "overlapping-unsorted"),
    row("opening.wed[0]", "(opening.tue[0])", TUE, f'{TUE}\nwed = ["05:00-09:00"]', "overlapping-the-night-before"),
    row("opening.sun[0]", "overlaps", THU, f'{THU}\nsun = ["23:00-10:00"]', "sunday-night-into-monday"),
    row("opening.mon[0]", "is inverted", MON, 'mon = ["17:00-09:00"]', "inverted"),
    row("opening.mon[0]", "has no length", MON, 'mon = ["09:00-09:00"]', "zero-length"),
    row("opening.mon[0]", "is not a window", MON, 'mon = ["9-17"]', "unreadable"),
    row("opening.mon[0]", "that no day has", MON, 'mon = ["09:00-25:00"]', "no-such-hour"),
    row("opening.mon[0]", "that no day has", MON, 'mon = ["09:60-10:00"]', "no-such-minute"),
    row("opening.funday", "'funday' is not one of", MON, 'funday = ["09:00-17:00"]', "no-such-day"),
    row("opening", "no opening within 400 days", OPENING, "[opening]\nmon = []", "never-open"),
    row("opening.mon", "valid tuple", MON, 'mon = "09:00-17:00"', "no-list"),
    row("access.staff_hours.mon[0]", "has no length", 'mon = ["09:00-17:00"]', 'mon = ["09:00-09:00"]', "staff-hours"),
    row("openings.2026-12-24[1]", "overlaps", OPENING, f'{OPENING}\n[openings]\n2026-12-24 = ["09:00-12:00", "11:00-13:00"]', "one-off"),
]  # fmt: skip

PLACE = [
    row("nation", "is missing: bank holidays differ", 'nation = "ENG"\n', "", "no-nation"),
    row("nation", "'GBR' is not one of", 'nation = "ENG"', 'nation = "GBR"', "unknown-nation"),
    row("zone", "is not an IANA time zone", '"Europe/London"', '"Europe/Camelot"', "unknown-zone"),
    row("zone", "is not an IANA time zone", '"Europe/London"', '"../../etc/passwd"', "zone-of-another-folder"),
    row("in_force_from", "is missing", "in_force_from = 2020-01-01\n", "", "not-in-force"),
    row("in_force_from", "date", "in_force_from = 2020-01-01", 'in_force_from = "soon"', "no-date"),
    row("organisation", "pattern", 'organisation = "acme"', 'organisation = "Acme Homes"', "organisation-no-topic"),
    row("mode", "is not one of", 'zone = "', 'mode = "watch"\nzone = "', "unknown-mode"),
    row("colour", "is not a key", 'zone = "', 'colour = "blue"\nzone = "', "unknown-key"),
    row("waiver.reason", "is not a key", "reasons = []", 'reasons = []\nreason = ""', "unknown-key-in-a-section"),
    row("waiver", "is missing", '[waiver]\nclauses = ["acme:1"]\nreasons = []', "", "no-section"),
]

CLAUSES = [
    row('clauses."other:1"', "begins with 'acme:'", '"acme:1" = "E', '"other:1" = "X"\n"acme:1" = "E', "foreign-clause"),
    row("rules[2].clauses[0]", "'acme:2' is not listed", RESOLUTION, RESOLUTION.replace("acme:1", "acme:2"), "of-a-rule"),
    row("rules[2].clauses", "at least 1", RESOLUTION, RESOLUTION.replace('["acme:1"]', "[]"), "rule-without-clause"),
    row("privacy.clauses[1]", "'acme:2' is not listed", 'clauses = ["acme:1"]\norigins', 'clauses = ["acme:1", "acme:2"]\norigins', "of-a-section"),
    row("access.gates.grant.mfa.clauses[0]", "is not listed", "grant = {}", 'grant = { mfa = { clauses = ["acme:9"] } }', "of-a-gate"),
    row("templates.sla-warning.clauses[0]", "is not listed", '[templates.sla-warning]\nclauses = ["acme:1"]', '[templates.sla-warning]\nclauses = ["x"]', "of-a-template"),
]  # fmt: skip

RULES = [
    row("rules[2].kind", "'repair' is not one of", 'kind = "resolution"', 'kind = "repair"', "unknown-kind"),
    row("rules[1].weekdays[0]", "'saturday' is not one of", '["sat", "sun"]', '["saturday"]', "unknown-weekday"),
    row("rules[2].clock", "is not one of", 'clock = "end-of-working-day"', 'clock = "sun"', "unknown-clock"),
    row("rules[0].span", "is not a length", 'span = "4 h"', 'span = "four hours"', "unreadable-span"),
    row("rules[0].span", "no time at all", 'span = "4 h"', 'span = "0 min"', "no-span"),
    row("rules[0].span", "say hours or working days", 'span = "4 h"', 'span = "2 days"', "days-of-a-standing-clock"),
    row("rules[2].span", "whole working days", 'span = "5 working days"', 'span = "half a working day"', "half-a-day-to-an-end"),
    row("rules[0].warn[1]", "is not within 4 h", WARN, 'warn = ["half", "4 h"]', "warning-before-the-start"),
    row("rules[0].warn[0]", "is not a warning", WARN, 'warn = ["25:00"]', "warning-at-no-time"),
    row("rules[1].id", "has the id 'response'", 'id = "response-weekend"', 'id = "response"', "same-id"),
    row("rules[1]", "as rules[0] (response) it gives a response target to a public query posted on a Monday", '["sat", "sun"]', '["sat", "mon"]', "ambiguous"),
    row("rules[2]", "applies to no message", 'clauses = ["acme:1"]\nmessages = ["query"]\nclock = "end', 'clauses = ["acme:1"]\nclock = "end', "for-nobody"),
]  # fmt: skip

VALUES = [
    row("access.ladders.other.levels[1]", "is not later than 2 working days", '["1 working day", "2 working days", "3 working days"]', '["2 working days", "1 working day", "3 working days"]', "ladder-down"),
    row("access.ladders.connector.levels[2]", "counts working days", '"8 h", "24 h"', '"8 h", "9 working days"', "elapsed-working-days"),
    row("access.verify_again", "passes by night", 'verify_again = "24 h"', 'verify_again = "1 working day"', "elapsed-only"),
    row("moderation.removal_notice", "no rule of that kind", "removal_notice = false", "removal_notice = true", "notice-without-a-rule"),
    row("templates.sla-warning.text", "{name} is not known", "Due {due}: {link}", "Dear {name}", "unknown-placeholder"),
    row("templates.sla-warning.text", "braces do not match", "Due {due}: {link}", "Due {due", "open-brace"),
    row("triage.rules[0]", "either a kind or a flag", 'kind = "spam"', 'kind = "spam"\nflag = "negative"', "kind-and-flag"),
    row("triage.rules[0].words[0]", "no letter or digit", 'words = ["bitcoin"]', 'words = ["!"]', "no-word"),
    row("triage.rules[0].words[0]", "a star stands at the end", 'words = ["bitcoin"]', 'words = ["bit*coin"]', "star-inside"),
]  # fmt: skip

PATTERNS = [
    row("triage.rules[0].patterns[0]", "possessive", TRIAGE, "patterns = ['(a+)+$']", "nested-repeat"),
    row("triage.rules[0].patterns[0]", "possessive", TRIAGE, "patterns = ['a*b']", "unbounded"),
    row("triage.rules[0].patterns[0]", "write {1,9}+", TRIAGE, "patterns = ['a{1,9}b']", "not-possessive"),
    row("triage.rules[0].patterns[0]", "more than 64", TRIAGE, "patterns = ['a{1,65}+']", "long-repeat"),
    row("triage.rules[0].patterns[0]", "possessive", TRIAGE, "patterns = ['(?=a)b']", "look-ahead"),
    row("triage.rules[0].patterns[0]", "back reference", TRIAGE, "patterns = ['(?>a)\\1']", "back-reference"),
    row("triage.rules[0].patterns[0]", "must not be repeated", TRIAGE, "patterns = ['(?>ab){1,9}+']", "group-repeat"),
    row("triage.rules[0].patterns[0]", "unterminated", TRIAGE, "patterns = ['a[b']", "no-pattern"),
]

SYNTAX = [
    row("line 6, column 8", "is not TOML", 'zone = "Europe/London"', "zone = Europe/London", "no-quotes"),
    row("line 7, column 25", "is not TOML", 'zone = "Europe/London"', 'zone = "Europe/London"\nzone = "Europe/London"', "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "reason", "changes"), [*HOURS, *PLACE, *CLAUSES, *RULES, *VALUES, *PATTERNS, *SYNTAX])
def test_a_bad_pack_is_refused(write: Write, key: str, reason: str, changes: list[tuple[str, str]]) -> None:
    file = write(*changes)
    with pytest.raises(PolicyError) as refused:
        check(file)
    error = refused.value
    if not key.startswith("line"):
        assert error.key == key, str(error)
    else:
        assert error.key.startswith(key.split(",")[0])
    assert reason in error.reason
    assert error.file == str(file)
    assert str(error) == f"{file}: {error.key}: {error.reason}"


def test_the_minimal_pack_is_accepted(write: Write) -> None:
    assert check(write()).policy == "acme/1"


def test_holidays_that_leave_no_opening(write: Write) -> None:
    days = (date(2026, 1, 1) + timedelta(days=number) for number in range(410))
    listed = ", ".join(f'{{ on = {day}, name = "Away" }}' for day in days)
    with pytest.raises(PolicyError) as refused:
        check(write(("[opening]", f"[holidays]\nlocal = [{listed}]\n\n[opening]")))
    assert refused.value.key == "opening"
    assert "no opening within 400 days" in refused.value.reason


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nothing\.toml: file: cannot be read"):
        check(tmp_path / "nothing.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(PolicyError, match="is not UTF-8 text: byte 12"):
        check(tmp_path / "latin.toml")


def test_a_version_that_is_shipped_already_is_refused(write: Write) -> None:
    file = write(name="unused.toml")
    text = file.read_text(encoding="utf-8").replace("acme", "westward").replace('version = "1"', 'version = "2023-26"')
    folder = file.parent / "own"
    folder.mkdir()
    (folder / "again.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_packs(folder)
    assert refused.value.key == "version"
    assert "westward/2023-26 is given by" in refused.value.reason


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="HOUSERULES_POLICIES: is not a folder"):
        load_packs(tmp_path / "nowhere")
