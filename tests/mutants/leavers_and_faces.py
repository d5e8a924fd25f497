"""The guards of access and of consent, each taken away once."""

from tests.mutants.mutant import Mutant

__all__ = ["FACES", "LEAVERS"]

ACCESS = "services/access"
ACCESS_UNIT = "tests/unit/access"
ACCESS_REAL = "tests/integration/access"
STORIES = f"{ACCESS_UNIT}/test_leavers.py"
BREAKER = f"{STORIES}::TestBreaker"
HELD_BACK = f"{BREAKER}::test_beyond_the_limit_a_leaver_is_held"
ADMINS = f"{ACCESS_REAL}/test_administrators.py"
FOUR_EYES = f"{ADMINS}::test_who_removed_an_administrator_does_not_confirm_it"
REAL_STORIES = f"{ACCESS_REAL}/test_leavers.py"
CONFIRMED = f"{REAL_STORIES}::test_confirmed_with_evidence_by_somebody_entitled"
LAST = f"{ADMINS}::test_the_last_of_communications_is_held_and_released_when_the_site_is_in_other_hands"
IMPORTS = f"{ACCESS_REAL}/test_imports.py"

CONSENT = "services/consent"
CONSENT_UNIT = "tests/unit/consent"
CONSENT_REAL = "tests/integration/consent"
SPEAKS = f"{CONSENT_UNIT}/test_speaks.py"
WHICH = f"{SPEAKS}::test_which_record_speaks"
LONG = f"{SPEAKS}::test_how_long_a_consent_holds"
END = f"{SPEAKS}::test_the_end_is_local_midnight_exclusive"
TABLE = f"{CONSENT_UNIT}/test_table.py::test_the_table"
FORMS = f"{CONSENT_UNIT}/test_forms.py"
UNREADABLE = f"{FORMS}::test_a_form_is_unreadable_without_its_key_in_every_copy"
OWN_KEY = f"{FORMS}::test_each_form_has_a_key_of_its_own"
DOORS = f"{CONSENT_REAL}/test_doors.py"
WHOLE = f"{DOORS}::test_a_record_comes_back_whole_and_its_form_is_sealed"
FOLDED = f"{CONSENT_REAL}/test_stories.py"
CLAUSES = f"{FOLDED}::test_the_clauses_are_those_of_what_is_missing"

LEAVERS = (
    Mutant(
        name="last-administrator",
        without="a leaver's role goes though nobody of Communications would administer the site any more",
        file=f"{ACCESS}/domain/leavers.py",
        old="held = item.administers and not self.world.admins.suffice(item.site)",
        new="held = False",
        red=(f"{STORIES}::TestAdministrators::test_one_of_communications_stays", LAST),
        green=(
            f"{STORIES}::TestAdministrators::test_a_profile_is_closed_whoever_administers_it",
            f"{ADMINS}::test_an_administrator_goes_while_communications_administers",
        ),
    ),
    Mutant(
        name="administrator-on-the-way-out",
        without="an administrator counts whose own role is being removed",
        file=f"{ACCESS}/store/register.py",
        old='            where r.organisation = g.organisation and r."grant" = g."grant"\n',
        new='            where false and r.organisation = g.organisation and r."grant" = g."grant"\n',
        red=(f"{ADMINS}::test_who_is_taken_on_again_administers_nothing_by_a_role_that_is_being_removed",),
        green=(LAST, f"{ADMINS}::test_an_administrator_goes_while_communications_administers"),
    ),
    Mutant(
        name="administrator-held-back",
        without="an administrator counts who is leaving and only held by the breaker",
        file=f"{ACCESS}/store/register.py",
        old=" and current.hold is null",
        new="",
        red=(f"{ACCESS_REAL}/test_time.py::test_a_leaver_who_is_held_back_administers_nothing",),
        green=(LAST,),
    ),
    Mutant(
        name="administrator-to-come",
        without="an administrator counts before their first day",
        file=f"{ACCESS}/store/register.py",
        old="b.person = p.person and b.begins <= cast(:now as timestamptz)",
        new="b.person = p.person",
        red=(f"{ADMINS}::test_who_is_yet_to_come_is_no_administrator_until_they_do",),
        green=(LAST,),
    ),
    Mutant(
        name="breaker",
        without="however many leave within an hour, nobody is held",
        file=f"{ACCESS}/domain/cases.py",
        old="        return self.counted > self.limit\n",
        new="        return False\n",
        red=(HELD_BACK, f"{ACCESS_REAL}/test_time.py::test_those_beyond_the_breaker_are_held_until_released"),
        green=(
            f"{BREAKER}::test_the_last_within_the_limit_goes",
            f"{ACCESS_REAL}/test_time.py::test_the_window_is_an_hour",
        ),
    ),
    Mutant(
        name="breaker-immediate",
        without="a leaver is held though it is said that they go at once",
        file=f"{ACCESS}/domain/leavers.py",
        old="        if leave.immediate:\n            return replace(said, hold=None)\n",
        new="",
        red=(f"{BREAKER}::test_only_an_explicit_immediate_passes",),
        green=(HELD_BACK, f"{BREAKER}::test_a_held_leave_may_still_be_cancelled"),
    ),
    Mutant(
        name="breaker-explicit-immediate",
        without="whoever leaves now passes the breaker, said to be immediate or not",
        file=f"{ACCESS}/domain/leavers.py",
        old="        if leave.immediate:\n            return replace(said, hold=None)\n",
        new="        if leave.at <= self.world.now:\n            return replace(said, hold=None)\n",
        red=(HELD_BACK, f"{BREAKER}::test_only_an_explicit_immediate_passes"),
        green=(
            f"{BREAKER}::test_the_last_within_the_limit_goes",
            f"{BREAKER}::test_who_is_dated_a_day_ahead_is_not_counted",
        ),
    ),
    Mutant(
        name="leaver-confirms",
        without="somebody confirms that their own access is gone, once another has claimed it",
        file=f"{ACCESS}/domain/revocation.py",
        old=(
            "    if actor == revocation.person:\n"
            '        raise Forbidden("Nobody confirms the removal of their own access.")\n'
        ),
        new="",
        red=(FOUR_EYES,),
        green=(CONFIRMED,),
    ),
    Mutant(
        name="leaver-claims",
        without="somebody says that their own access is gone",
        file=f"{ACCESS}/domain/revocation.py",
        old='    if actor == revocation.person:\n        raise Forbidden("Nobody claims',
        new='    if False:\n        raise Forbidden("Nobody claims',
        red=(CONFIRMED,),
        green=(FOUR_EYES,),
    ),
    Mutant(
        name="claimer-confirms",
        without="who removed an administrator confirms it, too",
        file=f"{ACCESS}/domain/revocation.py",
        old='    if revocation.role == "admin" and claimed.claimed_by == actor:\n',
        new="    if False:\n",
        red=(FOUR_EYES,),
        green=(CONFIRMED,),
    ),
    Mutant(
        name="deadline-as-soon-as-known",
        without="HR's delay is taken from the time that there is to remove an access",
        file=f"{ACCESS}/domain/leavers.py",
        old="        start = max(said.leave_at, known_at)\n",
        new="        start = said.leave_at\n",
        red=(f"{STORIES}::TestTime::test_hrs_delay_is_not_held_against_whoever_removes",),
        green=(
            f"{STORIES}::TestTime::test_downtime_loses_nothing_and_the_leave_instant_stays",
            f"{STORIES}::TestAdministrators::test_an_administrators_ladder_is_shorter",
        ),
    ),
    Mutant(
        name="stint-of-a-late-event",
        without="a leave that names no stint ends the last one, whichever was in force when it was said",
        file=f"{ACCESS}/domain/employment.py",
        old="else _in_force(stints, fact.at)\n",
        new="else (stints[-1].id if stints else None)\n",
        red=(
            f"{STORIES}::TestStints::test_a_late_event_of_the_old_stint_never_ends_the_new_one",
            f"{REAL_STORIES}::test_a_rehire_gets_no_access_and_a_late_event_of_the_old_stint_does_not_end_the_new",
        ),
        green=(
            f"{STORIES}::TestStints::test_what_came_with_the_new_stint_stays_when_the_old_one_ends",
            CONFIRMED,
        ),
    ),
    Mutant(
        name="import-by-halves",
        without="a table is imported though lines of it are wrong",
        file=f"{ACCESS}/domain/table.py",
        old="        if named:\n",
        new="        if False:\n",
        red=(
            f"{IMPORTS}::test_three_bad_lines_of_a_thousand_are_all_named_and_nothing_is_imported",
            f"{IMPORTS}::test_what_is_wrong_with_entries_is_named",
        ),
        green=(f"{IMPORTS}::test_a_dry_run_says_what_it_would_do_and_writes_nothing",),
    ),
    Mutant(
        name="account-in-revocation",
        without="an account is given to somebody else while access is being taken from it",
        file=f"{ACCESS}/api/imports.py",
        old=" for line in handed if line.key in busy]",
        new=" for line in handed if False]",
        red=(f"{IMPORTS}::test_an_account_changes_hands_when_access_is_no_longer_taken_from_it",),
        green=(f"{IMPORTS}::test_what_is_wrong_with_entries_is_named",),
    ),
    Mutant(
        name="formula-in-an-export",
        without="a cell is written as it is, and a spreadsheet runs it",
        file="shared/platform/sheet.py",
        old='    return f"\'{text}" if _FORMULA.match(text) else text\n',
        new="    return text\n",
        red=(
            f"{ACCESS_UNIT}/test_table.py::test_no_cell_is_a_formula",
            f"{IMPORTS}::test_a_formula_stays_text_and_is_escaped_on_export",
        ),
        green=(f"{IMPORTS}::test_an_export_comes_back_unchanged",),
    ),
    Mutant(
        name="organisation-of-a-revocation",
        without="the door lists every landlord's revocations",
        file=f"{ACCESS}/store/revocations.py",
        old='        "organisation": "organisation = :organisation",\n',
        new='        "organisation": "cast(:organisation as text) is not null",\n',
        red=(f"{ACCESS_REAL}/test_rights.py::test_nothing_of_one_organisation_for_another",),
        green=(f"{ACCESS_REAL}/test_rights.py::test_a_line_manager_sees_their_own_people_only",),
    ),
    Mutant(
        name="organisation-of-an-export",
        without="an export has every landlord's grants",
        file=f"{ACCESS}/store/entries.py",
        old="select * from grants where organisation = :organisation and state",
        new="select * from grants where cast(:organisation as text) is not null and state",
        red=(f"{ACCESS_REAL}/test_rights.py::test_nothing_of_one_organisation_for_another",),
        green=(f"{IMPORTS}::test_an_export_comes_back_unchanged",),
    ),
)

FACES = (
    Mutant(
        name="purpose-of-a-consent",
        without="a consent for one purpose is one for every purpose",
        file=f"{CONSENT}/domain/speaks.py",
        old="    if record.purposes and asked.purpose not in record.purposes:\n",
        new="    if False:\n",
        red=(WHICH, f"{TABLE}[row 7: for another purpose-westward]"),
        green=(LONG, f"{TABLE}[row 7: for another channel-westward]"),
    ),
    Mutant(
        name="last-day-of-a-consent",
        without="a consent is over before the last day that its form names",
        file=f"{CONSENT}/domain/records.py",
        old="min(end, day_after(valid_until))",
        new="min(end, valid_until)",
        red=(LONG, f"{FOLDED}::test_a_consent_warns_and_runs_out_at_midnight"),
        green=(WHICH, END),
    ),
    Mutant(
        name="day-after-a-consent",
        without="a consent still holds at the midnight that ends it",
        file=f"{CONSENT}/domain/records.py",
        old="self.begins_at <= now < self.ends_at",
        new="self.begins_at <= now <= self.ends_at",
        red=(END, f"{FOLDED}::test_a_consent_warns_and_runs_out_at_midnight"),
        green=(WHICH, LONG),
    ),
    Mutant(
        name="future-dated-consent",
        without="a form that is dated tomorrow counts",
        file=f"{CONSENT}/domain/records.py",
        old="    elif taken_on > today:\n",
        new="    elif False:\n",
        red=(
            f"{TABLE}[row 8: dated tomorrow-westward]",
            f"{DOORS}::test_a_record_that_does_not_count_is_kept[dated tomorrow]",
        ),
        green=(
            f"{TABLE}[row 8: undated-westward]",
            f"{DOORS}::test_a_record_that_does_not_count_is_kept[wrong name]",
        ),
    ),
    Mutant(
        name="takedown-of-what-was-withdrawn",
        without="a withdrawal leaves live uses where they are",
        file=f"{CONSENT}/domain/takedowns.py",
        old="        if blocks:\n",
        new='        if blocks and not any(one.code == "withdrawn" for one in blocks):\n',
        red=(f"{FOLDED}::test_a_withdrawal_takes_live_uses_down_and_leaves_others",),
        green=(
            f"{FOLDED}::test_a_block_at_publication_opens_a_takedown_and_removing_it_confirms_it",
            f"{FOLDED}::test_an_unknown_image_is_blocked_and_taken_down",
        ),
    ),
    Mutant(
        name="repeated-verdict",
        without="what is missing is told again though nothing about it changed",
        file=f"{CONSENT}/domain/docket.py",
        old="        changed = version.told != findings\n",
        new="        changed = True\n",
        red=(
            f"{FOLDED}::test_a_repeated_upload_tells_nothing_and_an_edit_is_judged_anew",
            f"{FOLDED}::test_a_block_at_publication_opens_a_takedown_and_removing_it_confirms_it",
        ),
        green=(CLAUSES, f"{FOLDED}::test_an_upload_and_an_edit_in_one_batch_are_both_told"),
    ),
    Mutant(
        name="leaver-on-staff",
        without="who has left is staff for good",
        file=f"{CONSENT}/domain/stints.py",
        old="        return self.begins <= at and (self.until is None or at < self.until)\n",
        new="        return self.begins <= at\n",
        red=(
            f"{CONSENT_UNIT}/test_stints.py::test_who_is_staff",
            f"{FOLDED}::test_a_leaver_is_judged_again_when_the_day_comes",
        ),
        green=(WHICH, CLAUSES),
    ),
    Mutant(
        name="staff-by-the-upload",
        without="somebody is staff because whoever uploaded the image says so",
        file=f"{CONSENT}/domain/people.py",
        old="    if on_staff(stints, rules.now) or (",
        new='    if shown.kind == "staff" or on_staff(stints, rules.now) or (',
        red=(f"{TABLE}[row 18: said to be staff, not on HR's register-westward]",),
        green=(WHICH, f"{TABLE}[row 12: staff inside who objected-westward]"),
    ),
    Mutant(
        name="background-by-the-uploader",
        without="the uploader clears the background of their own image",
        file=f"{CONSENT}/domain/decision.py",
        old="cleared_by is not None and cleared_by != description.uploader",
        new="cleared_by is not None",
        red=(f"{CONSENT_UNIT}/test_images.py::test_background[by the uploader]",),
        green=(
            f"{CONSENT_UNIT}/test_images.py::test_background[not cleared]",
            f"{CONSENT_UNIT}/test_images.py::test_copyright",
        ),
    ),
    Mutant(
        name="form-typed-by-its-name",
        without="a file is the form that its name says it is",
        file=f"{CONSENT}/api/upload.py",
        old="    kind = kind_of(content)\n",
        new='    kind = kind_of(content) or __import__("mimetypes").guess_type(value.filename or "")[0]\n',
        red=(f"{DOORS}::test_a_renamed_executable_is_415_and_leaves_nothing",),
        green=(WHOLE, f"{DOORS}::test_over_the_cap_is_413"),
    ),
    Mutant(
        name="form-in-clear",
        without="forms are kept as they came",
        file=f"{CONSENT}/store/forms.py",
        old="nonce + AESGCM(key).encrypt(nonce, content, self._bound_to(organisation, consent))",
        new="nonce + content",
        red=(UNREADABLE, WHOLE),
        green=(f"{FORMS}::test_files_are_for_the_service_alone",),
    ),
    Mutant(
        name="key-of-a-form",
        without="all forms have one key: whoever keeps another form's key opens a deleted one",
        file=f"{CONSENT}/store/forms.py",
        old="        key = AESGCM.generate_key(bit_length=KEY_BITS)\n",
        new="        key = bytes(KEY_BITS // 8)\n",
        red=(OWN_KEY,),
        green=(UNREADABLE, f"{FORMS}::test_a_form_opens_for_its_own_record_only"),
    ),
    Mutant(
        name="key-of-a-deleted-form",
        without="a form is deleted and its key stays: a copy of the folder opens again",
        file=f"{CONSENT}/store/forms.py",
        old="        self._key(organisation, consent).unlink(missing_ok=True)\n",
        new="",
        red=(UNREADABLE, f"{DOORS}::test_a_deleted_key_makes_the_form_unreadable_in_a_restored_copy"),
        green=(OWN_KEY, WHOLE),
    ),
    Mutant(
        name="organisation-of-a-consent",
        without="a consent given to one landlord counts at another that has a person of the same id",
        file=f"{CONSENT}/store/people.py",
        old=(
            'CONSENTS = """\n'
            "    select c.*\n"
            "    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)\n"
            "    join consents c on c.organisation = k.organisation and c.person = k.person\n"
        ),
        new=(
            'CONSENTS = """\n'
            "    select (jsonb_populate_record(c, jsonb_build_object('organisation', k.organisation))).*\n"
            "    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)\n"
            "    join consents c on c.person = k.person\n"
        ),
        red=(f"{CONSENT_REAL}/test_rights.py::test_one_person_id_is_two_people",),
        green=(f"{CONSENT_REAL}/test_rights.py::test_what_was_decided_cannot_be_changed", WHOLE),
    ),
)
