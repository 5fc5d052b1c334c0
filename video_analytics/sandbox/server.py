"""`Sandbox`: both simulated vendors on one port, as a real HTTP server in a thread of this process."""

import asyncio
import contextlib
import socket
import threading
import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from video_analytics.sandbox.app import build_app
from video_analytics.sandbox.panopto import PanoptoWorld
from video_analytics.sandbox.scenario import Scenario, load_scenario
from video_analytics.sandbox.service import Service, Transports
from video_analytics.sandbox.world import World

Json = dict[str, Any]
_HOST = "127.0.0.1"
_PATIENCE = 10.0  # seconds to start or stop
_TICK, _LAST_WORDS = 0.1, 0.005  # seconds


class _Server(uvicorn.Server):
    """Ends at once: a slow answer nobody waits for must not hold up the end, nor a clock that ticks."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Tick until told to end."""
        self._over, self._loop = asyncio.Event(), asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is open; the loop cancels what is still at work."""
        for closing in (*self.servers, *(sockets or ())):
            closing.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(_LAST_WORDS)

    def end(self) -> None:
        """To be called from another thread."""
        self.should_exit = True
        if self._loop:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(self._over.set)


class Sandbox:
    """Two vendors to talk to: `with Sandbox(seed=1, size="tiny") as sandbox: ... sandbox.url`."""

    def __init__(
        self,
        *,
        seed: int = 1,
        size: str = "demo",
        scenario: str | dict[str, Any] | Scenario | None = None,
        now: datetime | None = None,
        port: int = 0,
    ) -> None:
        self.world, self.panopto = World(seed, size), PanoptoWorld(seed, size)
        self.service = Service(self.world, self.panopto, seed, load_scenario(scenario), now)
        self._port = port
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._server = _Server(self._config())

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            build_app(self.service),
            http=_protocol(self.service.transports),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            timeout_keep_alive=60,
        )

    def __enter__(self) -> Self:
        self._socket = _listening(self._port)
        self._port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _PATIENCE
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        return self

    def _run(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket else None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.end()
        if self._thread:
            self._thread.join(_PATIENCE)
        if self._socket:
            self._socket.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self._port}"

    def environment(self) -> dict[str, str]:
        """The variables that point a client at this sandbox."""
        desk = self.service.desk
        return {
            "BRIGHTCOVE_CLIENT_ID": self.service.client_id,
            "BRIGHTCOVE_CLIENT_SECRET": self.service.client_secret,
            "BRIGHTCOVE_OAUTH_URL": f"{self.url}/oauth/v4/access_token",
            "BRIGHTCOVE_CMS_URL": f"{self.url}/cms/v1",
            "BRIGHTCOVE_ANALYTICS_URL": f"{self.url}/analytics/v1",
            "BRIGHTCOVE_INSIGHTS_URL": f"{self.url}/historical/media-insights/v1",
            "PANOPTO_SERVER": self.url,
            "PANOPTO_USERNAME": desk.username,
            "PANOPTO_PASSWORD": desk.password,
            "PANOPTO_CLIENT_ID": desk.client_id,
            "PANOPTO_CLIENT_SECRET": desk.client_secret,
        }

    def log(self) -> list[Json]:
        """One dict per request served."""
        return self.service.log.entries()

    def reset_log(self) -> None:
        """Forget the requests served so far."""
        self.service.log.reset()

    def set_scenario(self, scenario: str | dict[str, Any] | Scenario | None) -> None:
        """Let other things go wrong from now on."""
        self.service.set_scenario(load_scenario(scenario))

    def now(self) -> datetime:
        """The vendors' time."""
        return self.service.clock.now()

    def set_now(self, instant: datetime) -> None:
        """Stop the vendors' clock at an instant."""
        self.service.clock.set(instant)

    def advance(self, days: float = 0, hours: float = 0) -> None:
        """Move the vendors' clock."""
        self.service.clock.advance(timedelta(days=days, hours=hours))


def _listening(port: int) -> socket.socket:
    """A bound socket. The protocol is named because asyncio switches off Nagle's delay only then."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def _protocol(transports: Transports) -> type[asyncio.Protocol]:
    """The protocol of uvicorn, noting each connection so that a fault can break it."""

    class Noting(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if isinstance(transport, asyncio.Transport):
                transports[tuple(transport.get_extra_info("peername")[:2])] = transport
            super().connection_made(transport)  # type: ignore[arg-type]

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                transports.pop(self.client, None)
            super().connection_lost(exc)

    return Noting
