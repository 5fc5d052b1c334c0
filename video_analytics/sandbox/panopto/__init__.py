"""A simulated Panopto: REST and SOAP below `/Panopto/`, with a truth to compare against.

`PanoptoWorld` is the truth; the other modules say it the vendor's way. Written from the contract alone.
"""

from video_analytics.sandbox.panopto.world import SITE_ZONE, PanoptoWorld

__all__ = ["SITE_ZONE", "PanoptoWorld"]
