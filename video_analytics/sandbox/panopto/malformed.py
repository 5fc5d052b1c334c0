"""Panopto's answers that are not what the contract describes, as tables: kind -> how to spoil a good body."""

from typing import Final

from video_analytics.sandbox.malformed import KINDS, Spoiler

REST_KINDS: Final[dict[str, Spoiler]] = {}
SOAP_KINDS: Final[dict[str, Spoiler]] = {}
WSDL_KINDS: Final[dict[str, Spoiler]] = {}
ALL = KINDS
