"""A simulated Brightcove: a real HTTP server on the loopback, with a truth to compare against.

`Sandbox` is the server, `World` the truth behind it, `Scenario` what goes wrong. Nothing in here imports the
client of the vendor, so that the two cannot be wrong together.
"""

from video_analytics.sandbox.scenario import BUILT_IN, Scenario, load_scenario
from video_analytics.sandbox.server import Sandbox
from video_analytics.sandbox.world import ZONES, World, truth

__all__ = ["BUILT_IN", "ZONES", "Sandbox", "Scenario", "World", "load_scenario", "truth"]
