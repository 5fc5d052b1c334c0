"""The sandbox's own door, `/_sandbox/`: log, scenario, clock, truth; for other processes and for people."""

import asyncio
from datetime import date, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from video_analytics.errors import SettingsError
from video_analytics.sandbox.accounts import find_account
from video_analytics.sandbox.answers import reply
from video_analytics.sandbox.panopto import door
from video_analytics.sandbox.scenario import BUILT_IN, load_scenario
from video_analytics.sandbox.service import Service
from video_analytics.sandbox.world import truth

INDEX = {
    "GET /_sandbox/log": "one entry per request served",
    "DELETE /_sandbox/log": "forget the log",
    "GET, PUT /_sandbox/scenario": "what goes wrong: a name, or an object of keys",
    "GET, PUT /_sandbox/clock": '{"now": an ISO instant}',
    "GET /_sandbox/truth?account=ID&from=D&to=D": "the rows of each day, as the vendor would answer now",
    "GET /_sandbox/catalogue?account=ID": "the videos, and those deleted lately, as of now",
    **door.INDEX,
}


class Control:
    """The handlers; none of them is logged or meets a fault."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def serve(self, request: Request) -> Response:
        """Find the handler; say what is wrong with a bad question in a 400."""
        handlers = {
            "": self._index,
            "log": self._log,
            "scenario": self._scenario,
            "clock": self._clock,
            "truth": self._truth,
            "catalogue": self._catalogue,
        }
        what = request.path_params["what"]
        handler = self._panopto if what in door.QUESTIONS else handlers.get(what)
        if handler is None:
            return reply({"error": "unknown", "index": INDEX}, 404)
        try:
            told = await handler(request)
            return told if isinstance(told, Response) else reply(told)
        except (SettingsError, ValueError, KeyError, TypeError) as error:
            return reply({"error": str(error)}, 400)

    async def _index(self, _request: Request) -> Any:
        return {"paths": INDEX, "scenarios": BUILT_IN, "accounts": _accounts(self.service)}

    async def _log(self, request: Request) -> Any:
        if request.method == "DELETE":
            self.service.log.reset()
        return self.service.log.entries()

    async def _scenario(self, request: Request) -> Any:
        if request.method == "PUT":
            self.service.set_scenario(load_scenario(msgspec.json.decode(await request.body())))
        return msgspec.to_builtins(self.service.scenario)

    async def _clock(self, request: Request) -> Any:
        if request.method == "PUT":
            wanted = msgspec.json.decode(await request.body(), type=dict[str, str])
            self.service.clock.set(datetime.fromisoformat(wanted["now"]))
        return {"now": self.service.clock.now().isoformat()}

    async def _truth(self, request: Request) -> Any:
        asked = request.query_params
        account = find_account(asked["account"])
        days = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
        world, now = self.service.world, self.service.clock.now()
        return await asyncio.to_thread(truth, world, account.id, *days, now)

    async def _catalogue(self, request: Request) -> Any:
        account_id = find_account(request.query_params["account"]).id
        world, now = self.service.world, self.service.clock.now()
        videos = await asyncio.to_thread(world.videos, account_id, now)
        return {"videos": videos, "deleted": world.deleted(account_id, now)}

    async def _panopto(self, request: Request) -> Any:
        what, world = request.path_params["what"].removeprefix("panopto/"), self.service.panopto
        if what == "courses.csv":
            return Response(door.courses_csv(world), media_type="text/csv")
        now = self.service.clock.now()
        return await asyncio.to_thread(door.told, world, what, request.query_params, now)


def _accounts(service: Service) -> list[dict[str, str]]:
    return [{"name": a.name, "id": a.id, "zone": a.zone} for a in service.world.accounts]
