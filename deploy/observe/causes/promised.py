"""What is overdue: timers, and what was promised to the public."""

from deploy.observe.alert import Alert, Case
from deploy.observe.causes.series import of

__all__ = ["CAUSES"]

CAUSES = (
    Alert(
        name="TimersOverdue",
        expr="max by (service, organisation) (houserules_timer_late_seconds) > 10",
        lasting="<30s>",
        severity="page",
        summary="{{ $labels.service }} does not do for {{ $labels.organisation }} what is due by time.",
        fires=(
            Case(
                {of("sla", "houserules_timer_late_seconds", organisation="wheatley"): "0x3 0+60x20"},
                labels={"service": "sla", "organisation": "wheatley"},
            ),
        ),
        silent=(
            Case({of("sla", "houserules_timer_late_seconds", organisation="wheatley"): "0.3x20"}),
            Case({of("sla", "houserules_timer_late_seconds", organisation="wheatley"): "0x10 3600 0x10"}),
        ),
    ),
    Alert(
        name="QuestionsOverdue",
        expr="max by (organisation) (houserules_sla_targets_overdue) > 0",
        lasting="<1m>",
        severity="notice",
        summary="{{ $labels.organisation }} owes members of the public an answer that was promised for earlier.",
        fires=(
            Case(
                {of("sla", "houserules_sla_targets_overdue", organisation="westward"): "2x20"},
                labels={"organisation": "westward"},
            ),
        ),
        silent=(Case({of("sla", "houserules_sla_targets_overdue", organisation="westward"): "0x20"}),),
    ),
    Alert(
        name="LeaversOverdue",
        expr="max by (organisation) (houserules_access_revocations_overdue) > 0",
        lasting="<1m>",
        severity="notice",
        summary="Somebody who left {{ $labels.organisation }} can still speak for it, past the deadline.",
        fires=(
            Case(
                {of("access", "houserules_access_revocations_overdue", organisation="wheatley"): "1x20"},
                labels={"organisation": "wheatley"},
            ),
        ),
        silent=(Case({of("access", "houserules_access_revocations_overdue", organisation="wheatley"): "0x20"}),),
    ),
    Alert(
        name="TakedownsOverdue",
        expr="max by (organisation) (houserules_consent_takedowns_overdue) > 0",
        lasting="<1m>",
        severity="notice",
        summary="An image that {{ $labels.organisation }} may not show is still up, past the deadline.",
        fires=(
            Case(
                {of("consent", "houserules_consent_takedowns_overdue", organisation="westward"): "1x20"},
                labels={"organisation": "westward"},
            ),
        ),
        silent=(Case({of("consent", "houserules_consent_takedowns_overdue", organisation="westward"): "0x20"}),),
    ),
)
