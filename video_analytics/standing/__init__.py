"""How the data stands: a calendar of every day, and the ledger of what moved afterwards.

calendars  the state of each account's and course's days, as a table and a CSV
drawing    the same as lines for people
moved      what later readings changed, out of the ledgers in the lake
command    `video-analytics corrections`
assets     the calendar as an asset
"""

from video_analytics.standing.command import corrections_command

__all__ = ["corrections_command"]
