"""One connection of a client: the handshake, its life, its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from bot.loopback.live.channel import Channel
from bot.loopback.live.conversation import Conversation
from bot.loopback.live.faults import Moment
from bot.loopback.live.messages import Setup
from bot.loopback.live.models import LiveModel, accept
from bot.loopback.live.receiver import Receiver
from bot.loopback.live.record import Kind, LiveSessionRecord
from bot.loopback.live.refusal import SETUP_FIRST, Refused, invalid, not_found
from bot.loopback.live.resumption import Kept
from bot.loopback.live.service import Service
from bot.loopback.live.usage import Context
from bot.loopback.live.wire import decode


class _Ended(Exception):
    """The client closed; takes the session's tasks with it."""


class LiveSession:
    """Create one per connection and `run` it."""

    def __init__(self, service: Service, socket: ServerConnection, record: LiveSessionRecord) -> None:
        self._service = service
        self._socket = socket
        self._record = record
        self.channel = Channel(socket, record, service.faults)

    async def run(self, version: str, refusal: Refused | None) -> None:
        """Serve until either side closes. `refusal` is what the key earned; it is told after the setup."""
        kept: Kept | None = None
        try:
            setup = await self._receive_setup(version)
            if refusal is not None:
                raise refusal
            model = accept(setup, version)
            kept = self._keep(setup, model)
            await self._converse(setup, model, kept, version)
        except* Refused as group:
            refused = group.exceptions[0]
            assert isinstance(refused, Refused)  # no task group within a task group, so nothing is nested
            await self.channel.close(refused.code, refused.reason)
        except* (ConnectionClosed, _Ended):
            pass
        finally:
            self.channel.abandon()
            if kept is not None:
                self._service.resumptions.leave(kept, time.monotonic())
            self._note_close()

    def _note_close(self) -> None:
        if self._record.close is None:
            close = (self._socket.close_code or 1006, self._socket.close_reason or "")
            self._record.close = close
            self.channel.note(Kind.CLOSED, close)

    async def _receive_setup(self, version: str) -> Setup:
        messages = decode(await self._socket.recv(), version if version != "v1" else "v1beta")
        if len(messages) != 1 or not isinstance(messages[0], Setup):
            raise invalid(SETUP_FIRST)
        setup = messages[0]
        if version == "v1":
            raise not_found(setup.model, version)
        self._record.setup = setup
        return setup

    def _keep(self, setup: Setup, model: LiveModel) -> Kept:
        if setup.handle is None:
            return Kept(model.id, Context(system=setup.system_tokens))
        faults = self._service.faults
        kept = self._service.resumptions.resume(
            setup.handle,
            model.id,
            time.monotonic(),
            refuse=faults.resume_refused,
            linger_s=faults.linger_s,
        )
        kept.context = replace(kept.context, system=setup.system_tokens)
        return kept

    async def _converse(self, setup: Setup, model: LiveModel, kept: Kept, version: str) -> None:
        faults = self._service.faults
        await self.channel.strike(Moment.SETUP)
        if faults.take_silent_setup():
            await self._socket.wait_closed()
            return
        if faults.setup_delay_s:
            await asyncio.sleep(faults.setup_delay_s)
        self.channel.note(Kind.SETUP, setup)
        await self.channel.send({"setupComplete": {"sessionId": self._record.id}})
        conversation = Conversation(self._service, self.channel, setup, model, kept)
        await conversation.offer_handle()
        if kept.doom is not None:
            raise kept.doom
        receiver = Receiver(self._service.faults, self.channel, setup, model, conversation, kept)
        async with asyncio.TaskGroup() as group:
            group.create_task(conversation.run())
            group.create_task(self._grow_old())
            async for frame in self._socket:
                for message in decode(frame, version):
                    await receiver.receive(message)
            raise _Ended

    async def _grow_old(self) -> None:
        if self._service.lifetime_s is not None:
            await asyncio.sleep(self._service.lifetime_s)
            await self.channel.go_away(self._service.go_away_s)
