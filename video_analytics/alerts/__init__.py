"""One message for each problem and one when it is over; to mail, Slack, Teams, a webhook.

    problem, runbook    what is wrong, and what to do about it
    reading, watching   which problems there are now: a look at journal, lake, ticks and disk
    ledger              which of them were there before, and who has been told
    messages, channels  how it is told
    telling, command    one evaluation, by the daemon's sensor or from outside

Belongs here: finding and telling. Does not belong here: Dagster, and mending.
"""
