"""The guards, each taken away once. The texts must fit the code exactly: `make mutants` refuses to run when they do not."""

from tests.mutants.leavers_and_faces import FACES, LEAVERS
from tests.mutants.locks import LOCKS
from tests.mutants.mutant import Mutant
from tests.mutants.pages import PAGES

__all__ = ["MUTANTS"]

BUS = "tests/integration/bus"
SLA = "tests/integration/sla"
INTAKE = "tests/integration/intake"
UNIT = "tests/unit"
FLOW = f"{BUS}/test_flow.py::test_events_are_applied_in_order_and_answered_once"
IGNORED = f"{BUS}/test_flow.py::test_events_of_no_interest_are_counted_as_ignored"
ROLLBACK = f"{BUS}/test_order.py::test_what_rolls_back_is_not_published"
IDENTITY = f"{BUS}/test_duplicates.py::test_an_id_belongs_to_its_organisation_and_source"
DOUBLE = f"{BUS}/test_duplicates.py::test_the_same_id_twice_in_one_batch"
VERDICTS = f"{UNIT}/sla/test_verdicts.py"
SIDE_BY_SIDE = f"{BUS}/test_side_by_side.py"
WRITING = f"{UNIT}/bus/test_writing.py"
DOOR = f"{INTAKE}/test_webhook_door.py"
SIGNATURES = f"{INTAKE}/test_signatures.py"

_BUS = (
    Mutant(
        name="inbox-insert",
        without="events are no longer entered in the inbox: a producer's repeat is applied again",
        file="shared/bus/inbox.py",
        old="    identities = sorted(first)\n",
        new="    return list(first.values())\n    identities = sorted(first)\n",
        red=(f"{BUS}/test_duplicates.py::test_the_same_id_in_two_batches",),
        green=(FLOW, DOUBLE),
    ),
    Mutant(
        name="in-batch-deduplication",
        without="an id that comes twice in one batch is handled twice",
        file="shared/bus/inbox.py",
        old="        return list(first.values())\n",
        new="        return list(records)\n",
        red=(DOUBLE,),
        green=(FLOW, f"{BUS}/test_duplicates.py::test_the_same_id_in_two_batches"),
    ),
    Mutant(
        name="inbox-sort",
        without="the inbox is written in the order of the batch: two members wait for each other",
        file="shared/bus/inbox.py",
        old="    identities = sorted(first)\n",
        new="    identities = list(first)\n",
        red=(f"{BUS}/test_duplicates.py::test_two_members_with_overlapping_unsorted_ids_never_deadlock",),
        green=(FLOW, DOUBLE, IDENTITY),
    ),
    Mutant(
        name="positions",
        without="what the stored position is behind of is not dropped",
        file="shared/bus/applying.py",
        old="    return portion.behind(position.next_offset)\n",
        new="    return portion\n",
        red=(f"{BUS}/test_duplicates.py::test_a_batch_read_before_somebody_else_moved_on_changes_nothing",),
        green=(FLOW, DOUBLE, IGNORED),
    ),
    Mutant(
        name="explicit-offset",
        without="reading begins at the offset that Kafka keeps, not at the stored position",
        file="shared/bus/assignment.py",
        old="        track.held = track.until = None\n        self._seek(client, partition, track.polled)\n",
        new="        track.held = track.until = None\n",
        red=(f"{BUS}/test_stored_position.py::test_kafkas_own_offset_decides_nothing",),
        green=(FLOW, DOUBLE),
    ),
    Mutant(
        name="emit-of-a-locked-key",
        without="tx.emit takes an event whose key is not locked",
        file="shared/bus/tx.py",
        old="            if (logical, event.organisation, event.key) not in self._held:\n",
        new="            if False:\n",
        red=(f"{BUS}/test_order.py::test_emit_without_the_lock_raises",),
        green=(FLOW, ROLLBACK),
    ),
    Mutant(
        name="lock-of-a-key",
        without="tx.lock locks nothing: a later writer of a key commits, and is sent, first",
        file="shared/bus/tx.py",
        old="select count(pg_advisory_xact_lock(n)) from",
        new="select count(n) from",
        red=(f"{BUS}/test_order.py::test_two_writers_of_a_key_are_published_in_commit_order",),
        green=(FLOW, ROLLBACK, f"{BUS}/test_order.py::test_emit_without_the_lock_raises"),
    ),
    Mutant(
        name="organisation-in-the-inbox",
        without="the inbox's key has no organisation: one landlord's id hides another's",
        file="shared/bus/schema.py",
        old="        primary key (organisation, source, id)\n",
        new="        primary key (source, id)\n",
        red=(IDENTITY,),
        green=(FLOW, DOUBLE),
    ),
    Mutant(
        name="redrive-out-of-the-inbox",
        without="a dead letter's id is entered in the inbox: its redrive would be dropped as a repeat",
        file="shared/bus/applying.py",
        old="                letters = [verdict] if portions[0].raws else []\n",
        new=(
            "                await inbox.admit(tx, [e for e in portions[0].entries if type(e) is Record])\n"
            "                letters = [verdict] if portions[0].raws else []\n"
        ),
        red=(
            f"{BUS}/test_poison.py::test_a_record_that_the_handler_cannot_take_is_dead_and_its_redrive_is_applied[bug]",
        ),
        green=(FLOW, f"{BUS}/test_poison.py::test_one_dead_in_five_hundred_leaves_499_applied"),
    ),
    Mutant(
        name="order-in-a-batch",
        without="a handler is given the records of a batch by their names and ids, not by their offsets",
        file="shared/bus/applying.py",
        old="handler(Batch(work.subscription.logical_topic, fresh), tx)",
        new=(
            "handler(Batch(work.subscription.logical_topic,"
            " sorted(fresh, key=lambda r: (r.name, r.event.id), reverse=True)), tx)"
        ),
        red=(FLOW,),
        green=(IDENTITY, IGNORED),
    ),
    Mutant(
        name="outbox-in-the-transaction",
        without="what a transaction emits is written by another one, before it is known to commit",
        file="shared/bus/tx.py",
        old="            await Outbox.insert(self, rows)\n",
        new=(
            "            async with self.connection.engine.begin() as other:\n"
            "                await Outbox.insert(Tx(other, self.now, self.topics, self._tracer), rows)\n"
        ),
        red=(ROLLBACK,),
        green=(FLOW, f"{BUS}/test_order.py::test_emit_without_the_lock_raises"),
    ),
    Mutant(
        name="batches-of-a-partition",
        without="two batches of one partition are written side by side",
        file="shared/bus/writing.py",
        old="len(self._running) >= self.most or not wanted.isdisjoint(self.partitions)",
        new="len(self._running) >= self.most",
        red=(f"{WRITING}::test_a_partitions_batches_follow_on_each_other",),
        green=(f"{WRITING}::test_batches_of_different_partitions_are_written_side_by_side", FLOW),
    ),
    Mutant(
        name="answer-of-what-was-sent",
        without="nobody hears that a statement failed which was sent and not waited for",
        file="shared/bus/tx.py",
        old="            sent.result()\n",
        new="            sent.exception()\n",
        red=(f"{BUS}/test_sending.py::test_what_it_fails_with_is_raised[at the commit]",),
        green=(f"{BUS}/test_sending.py::test_it_is_committed_with_the_rest_and_in_its_place", FLOW),
    ),
    Mutant(
        name="delete-after-acknowledgement",
        without="the relay deletes rows when it reads them",
        file="shared/bus/relay.py",
        old="        return list(map(Row._make, rows))\n",
        new=(
            '        await self.delete(connection, [row["id"] for row in rows])\n'
            "        return list(map(Row._make, rows))\n"
        ),
        red=(f"{BUS}/test_kills.py::test_relay_killed[read-5-False]",),
        green=(IGNORED, ROLLBACK),
    ),
    Mutant(
        name="one-flight-of-a-lane",
        without="the relay's next batch of a partition leaves while its predecessor is on its way",
        file="shared/bus/hand.py",
        old="        return self.flight is None and bool(",
        new="        return bool(",
        red=(f"{UNIT}/bus/test_hand.py::test_a_lane_has_one_flight_at_a_time_and_is_loaded_meanwhile",),
        green=(f"{UNIT}/bus/test_hand.py::test_rows_go_to_their_partitions_in_their_order", FLOW),
    ),
    Mutant(
        name="gaps-of-what-is-in-hand",
        without="the relay takes a number that nobody has committed yet for one that it has read",
        file="shared/bus/hand.py",
        old="joined[-1][1] == first - 1",
        new="joined[-1][1] <= first - 1",
        red=(f"{SIDE_BY_SIDE}::test_a_row_that_commits_late_is_read_while_its_neighbours_are_in_hand",),
        green=(f"{SIDE_BY_SIDE}::test_a_stop_while_a_batch_is_on_its_way", FLOW),
    ),
    Mutant(
        name="acknowledged-before-a-restart",
        without="the relay leaves what Kafka has taken undeleted when it gives its producer up, and sends it again",
        file="shared/bus/term.py",
        old="            if ids := [row.id for row in self.hand.arrived]:\n",
        new="            if ids := []:\n",
        red=(f"{SIDE_BY_SIDE}::test_a_restart_deletes_first_what_was_acknowledged",),
        green=(f"{SIDE_BY_SIDE}::test_a_connection_lost_while_a_read_is_out", FLOW),
    ),
    Mutant(
        name="end-of-a-read-at-a-stop",
        without="a relay that stops leaves its read to the server, and with it the lock",
        file="shared/bus/desk.py",
        old="        if self.out is not None:\n            self.out.cancel()\n",
        new="        if False:\n            self.out.cancel()\n",
        red=(f"{SIDE_BY_SIDE}::test_a_stop_while_a_read_is_out",),
        green=(f"{SIDE_BY_SIDE}::test_a_stop_while_a_batch_is_on_its_way", FLOW),
    ),
)

_SLA = (
    Mutant(
        name="settled-late",
        without="whatever settles a target settles it in time",
        file="services/sla/domain/verdict.py",
        old="    return closing is not None and closing.at <= due_at\n",
        new="    return closing is not None\n",
        red=(
            f"{VERDICTS}::test_answered_late_before_the_timer_saw_it_still_breaches",
            f"{VERDICTS}::test_first_seen_when_already_settled_late",
        ),
        green=(f"{VERDICTS}::test_answered_in_time", f"{VERDICTS}::test_never_answered"),
    ),
    Mutant(
        name="equal-is-on-time",
        without="what settles at the due time itself is late",
        file="services/sla/domain/verdict.py",
        old="    return closing is not None and closing.at <= due_at\n",
        new="    return closing is not None and closing.at < due_at\n",
        red=(f"{VERDICTS}::test_at_the_due_time_itself_nothing_is_late",),
        green=(f"{VERDICTS}::test_answered_in_time", f"{VERDICTS}::test_a_second_after_it_is_late"),
    ),
    Mutant(
        name="due-is-not-late",
        without="the timer tells a breach at the due time itself",
        file="services/sla/domain/verdict.py",
        old="    if telling.now > due_at and",
        new="    if telling.now >= due_at and",
        red=(f"{SLA}/test_timer.py::test_due_is_not_yet_late",),
        green=(f"{SLA}/test_timer.py::test_nothing_before_its_time", f"{VERDICTS}::test_never_answered"),
    ),
    Mutant(
        name="retraction",
        without="a breach stands though the answer was given in time and only heard late",
        file="services/sla/domain/verdict.py",
        old="        telling.retract(closing, OPENED_EARLIER if displaced else _RETRACTED[closing.how], closing.cause)\n",
        new="        return\n",
        red=(f"{VERDICTS}::test_an_answer_in_time_that_is_heard_late_undoes_the_breach",),
        green=(
            f"{VERDICTS}::test_answered_in_time",
            f"{VERDICTS}::test_answered_late_after_the_timer_saw_it",
            f"{SLA}/test_timer.py::test_due_is_not_yet_late",
        ),
    ),
    Mutant(
        name="lock-of-a-conversation",
        without="the handler does not lock the conversations that it folds",
        file="services/sla/store/locks.py",
        old="on conflict (organisation, conversation) do update set state = excluded.state where false",
        new="on conflict (organisation, conversation) do nothing",
        red=(f"{SLA}/test_locks.py::test_a_conversation_in_other_hands_is_waited_for",),
        green=(f"{SLA}/test_locks.py::test_an_author_in_other_hands_is_waited_for",),
    ),
    Mutant(
        name="lock-of-an-author",
        without="a block and a message of one author do not wait for each other",
        file="services/sla/store/locks.py",
        old="on conflict (organisation, author) do update set author = excluded.author where false",
        new="on conflict (organisation, author) do nothing",
        red=(f"{SLA}/test_locks.py::test_an_author_in_other_hands_is_waited_for",),
        green=(f"{SLA}/test_locks.py::test_a_conversation_in_other_hands_is_waited_for",),
    ),
    Mutant(
        name="organisation-in-the-list",
        without="the door lists every landlord's targets",
        file="services/sla/store/targets.py",
        old='        "organisation": "organisation = :organisation",\n',
        new='        "organisation": "cast(:organisation as text) is not null",\n',
        red=(f"{SLA}/test_doors.py::TestTargets::test_an_organisations_own_by_due_time",),
        green=(
            f"{SLA}/test_doors.py::TestConversation::test_one_id_at_two_landlords_is_two_conversations",
            f"{SLA}/test_locks.py::test_one_name_at_two_landlords_is_two_conversations",
        ),
    ),
)

_DOORS = (
    Mutant(
        name="machine-time-for-signatures",
        without="a signature's age is measured by policy time",
        file="services/intake/api/webhooks.py",
        old="signer(raw, headers, named, bus.clock.machine())",
        new="signer(raw, headers, named, bus.clock.policy())",
        red=(f"{SIGNATURES}::test_signatures_are_checked_by_machine_time_whatever_policy_time_is",),
        green=(
            f"{SIGNATURES}::test_what_is_not_signed_is_refused_and_not_stored[no signature]",
            f"{SIGNATURES}::test_what_is_not_signed_is_refused_and_not_stored[another secret]",
        ),
    ),
    Mutant(
        name="webhook-replay",
        without="a delivery that was accepted before is worked on once more",
        file="services/intake/store/deliveries.py",
        old="        on conflict (organisation, source, delivery) do nothing\n",
        new=(
            "        on conflict (organisation, source, delivery)\n"
            "        do update set state = 'pending', raw = excluded.raw, settled_at = null\n"
        ),
        red=(f"{DOOR}::test_a_replay_is_accepted_and_says_nothing_new",),
        green=(
            f"{DOOR}::test_the_same_id_at_another_organisation_is_another_delivery",
            f"{DOOR}::test_the_largest_body_is_taken",
        ),
    ),
    Mutant(
        name="clamp-of-the-future",
        without="a message's own time counts, however far ahead of its receipt it is",
        file="services/intake/domain/times.py",
        old="AHEAD = timedelta(minutes=5)\n",
        new="AHEAD = timedelta(days=36_500)\n",
        red=(f"{UNIT}/intake/test_reading.py::test_which_instant_counts",),
        green=(f"{UNIT}/intake/test_reading.py::test_an_offset_is_read_and_utc_is_kept",),
    ),
    Mutant(
        name="scram",
        without="PostgreSQL trusts whoever comes from this machine",
        file="deploy/local/postgres.py",
        old='"--auth=scram-sha-256"',
        new='"--auth=trust"',
        red=(
            "tests/integration/local/test_databases.py::test_wrong_password_gets_nowhere",
            "tests/integration/local/test_databases.py::test_every_way_in_asks_for_scram",
        ),
        green=(
            "tests/integration/local/test_databases.py::test_owner_makes_tables_and_app_works_in_them",
            "tests/integration/local/test_databases.py::test_urls_name_the_database_and_the_role",
        ),
        own_servers=True,
    ),
)

MUTANTS: tuple[Mutant, ...] = (*_BUS, *_SLA, *_DOORS, *PAGES, *LEAVERS, *FACES, *LOCKS)
