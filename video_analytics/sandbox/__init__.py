"""A simulated Brightcove and a simulated Panopto: one real HTTP server, with a truth to compare against.

`Sandbox` is the server, `World` and `PanoptoWorld` the truth behind it, `Scenario` what goes wrong. Nothing
in here imports the client of a vendor, so that the two cannot be wrong together.
"""

from video_analytics.sandbox.panopto import SITE_ZONE, PanoptoWorld
from video_analytics.sandbox.scenario import BUILT_IN, Scenario, load_scenario
from video_analytics.sandbox.server import Sandbox
from video_analytics.sandbox.world import ZONES, World, truth

__all__ = [
    "BUILT_IN",
    "SITE_ZONE",
    "ZONES",
    "PanoptoWorld",
    "Sandbox",
    "Scenario",
    "World",
    "load_scenario",
    "truth",
]
