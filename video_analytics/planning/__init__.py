"""`video-analytics plan`: the storage plan on the command line."""

from video_analytics.planning.command import plan_command

__all__ = ["plan_command"]
