"""Discord on 127.0.0.1: the REST API and the main gateway on one port, the voice server beside it."""

from __future__ import annotations

import ssl
from typing import Generic, TypeVar

from aiohttp import web

from bot.loopback.discord import (
    channels,
    commands,
    invoking,
    moderation,
    poll_routes,
    responding,
    rest,
    scheduled_routes,
    soundboard,
    thread_routes,
)
from bot.loopback.discord.calls import GatewayFaults, Voice
from bot.loopback.discord.gateway import Gateway
from bot.loopback.discord.interactions import INTERACTIONS, Interactions
from bot.loopback.discord.permissions import INVITED
from bot.loopback.discord.sessions import Sessions
from bot.loopback.discord.world import World

AnyVoice = TypeVar("AnyVoice", bound=Voice)


class DiscordServer(Generic[AnyVoice]):
    """`world` is the state, and what tests change; `faults` what goes wrong; `gateway` the connections."""

    def __init__(
        self,
        voice: AnyVoice,
        *,
        guilds: int = 1,
        faults: GatewayFaults | None = None,
        bot_permissions: int = INVITED,
    ) -> None:
        self.voice = voice
        self.faults = faults or GatewayFaults()
        self.world = World(Sessions(), voice, self.faults, guilds, bot_permissions)
        self.gateway = Gateway(self.world, self.faults)
        self.interactions = Interactions(self.world)
        self._runner: web.AppRunner | None = None
        self._authority = ""
        self._secure = False

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Serve on `host`; port 0 takes a free one. OSError if the port is taken."""
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._authority = f"{host}:{self._runner.addresses[0][1]}"
        self._secure = tls is not None
        self.gateway.resume_url = self.gateway_url

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[rest.refusals], client_max_size=25 << 20)
        app[rest.WORLD] = self.world
        app[rest.FAULTS] = self.faults
        app[commands.COMMANDS] = commands.Commands()
        app[INTERACTIONS] = self.interactions
        app.add_routes([*rest.routes(), *moderation.routes(), *soundboard.routes(), *channels.routes()])
        app.add_routes([*thread_routes.routes(), *scheduled_routes.routes(), *poll_routes.routes()])
        app.add_routes([*commands.routes(), *invoking.routes(), *responding.routes()])
        app.add_routes([web.get(path, self.gateway.handle) for path in ("/", "/gateway")])
        return app

    async def close(self) -> None:
        await self.gateway.close()
        await self.world.calls.close()
        self.interactions.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api_base(self) -> str:
        return f"{'https' if self._secure else 'http'}://{self._authority}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"{'wss' if self._secure else 'ws'}://{self._authority}"
