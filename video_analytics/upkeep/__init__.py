"""Running it for real: what the machine must offer, what will run out, and the units that keep it up.

    probes   all that `video-analytics check` asks of the machine, in order
    mounts   which folder lies on which file system, and whether that is a network share
    places   folders that can be written, room on their disks
    shares   whether deliveries can be put where they go
    hours    the machine's clock against the vendors'
    keys     files with secrets; certificates and signatures that run out; who is told
    daemon   Dagster's own folder and its one daemon: the only module here that knows Dagster
    units    the systemd units of a home
    command  `video-analytics units`

A probe never changes anything but a file of its own, which it removes again.
"""

from video_analytics.upkeep.command import units_command

__all__ = ["units_command"]
