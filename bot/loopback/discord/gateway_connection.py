"""One connection to the main gateway: hello, identify or resume, heartbeats, op 3, 4 and 8 in, events out."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot.loopback.discord.entities import Guild, Json, VoiceState
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.sessions import (
    EVERY_INTENT,
    ORDINARY,
    PRIVILEGED,
    Close,
    Intent,
    Op,
    Session,
    encode,
)

if TYPE_CHECKING:
    from bot.loopback.discord.gateway import Gateway

SENDS_PER_MINUTE = 120  # Discord API docs, "Rate Limiting" of the gateway
_ZOMBIE_HEARTBEATS = 2  # intervals without a heartbeat, after which the server closes
_OUTBOX = 20_000  # frames that a client may be behind before it is cut off
# Close codes after which a client has to identify anew: its own wish, or the session is void
# (Discord API docs, "Gateway Close Event Codes").
_FINAL = frozenset({1000, 1001, 4007, 4009})
_TOKEN_PREFIX = "Bot "  # noqa: S105 - a scheme, not a secret


class GatewayConnection:
    """One websocket, from HELLO to its close."""

    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse) -> None:
        self._gateway = gateway
        self._world = gateway.world
        self._socket = socket
        self._session: Session | None = None
        self._closed_with: int | None = None  # by the server
        self._outbox: asyncio.Queue[str | Close] = asyncio.Queue()
        self._sent: deque[float] = deque(maxlen=SENDS_PER_MINUTE)

    async def run(self) -> None:
        interval_ms = self._gateway.faults.heartbeat_interval_ms
        hello = {"heartbeat_interval": interval_ms, "_trace": ["loopback"]}
        self._reply(Op.HELLO, hello)
        writer = asyncio.get_running_loop().create_task(self._write())
        try:
            await self._read(interval_ms / 1000 * _ZOMBIE_HEARTBEATS)
        except Close as close:
            self._closed_with = close.code
            await self._flush(writer)
            await self._socket.close(code=close.code, message=close.reason.encode())
        finally:
            writer.cancel()
            self._leave_session()

    async def _flush(self, writer: asyncio.Task[None]) -> None:
        self._outbox.put_nowait(Close(0))
        await asyncio.wait([writer], timeout=1.0)

    def _leave_session(self) -> None:
        """The server's code counts before the client's: discord.py answers any close with 4000."""
        session = self._session
        if session is None or not session.detach(self._outbox):
            return
        if (self._closed_with or self._socket.close_code) in _FINAL:
            self._gateway.end(session)
        else:
            self._gateway.keep(session)

    def _reply(self, op: Op, data: object = None) -> None:
        self._outbox.put_nowait(encode({"op": int(op), "d": data, "s": None, "t": None}))

    async def _write(self) -> None:
        """Drain the outbox. Text frames bypass the clients' decompressors, so nothing is compressed."""
        try:
            while True:
                frame = await self._outbox.get()
                if isinstance(frame, Close):
                    if frame.code:
                        self._closed_with = frame.code
                        await self._socket.close(code=frame.code, message=frame.reason.encode())
                    return
                await self._socket.send_str(frame)
                if self._outbox.qsize() > _OUTBOX:
                    await self._socket.close(code=4000, message=b"too slow")
                    return
        except ConnectionError:
            return  # the reader sees the same end

    async def _read(self, timeout_s: float) -> None:
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), timeout_s)
            except TimeoutError:
                raise Close(4009, "Session timed out.") from None
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._limit(asyncio.get_running_loop().time())
            try:
                frame = json.loads(message.data)
                op, data = Op(frame["op"]), frame.get("d")
            except (ValueError, TypeError, KeyError) as error:
                code = 4001 if isinstance(error, ValueError) and "is not a valid Op" in str(error) else 4002
                raise Close(code, "Error while decoding payload.") from None
            await self._receive(op, data)

    def _limit(self, now: float) -> None:
        if len(self._sent) == SENDS_PER_MINUTE and now - self._sent[0] < 60:
            raise Close(4008, "You are being rate limited.")
        self._sent.append(now)

    async def _receive(self, op: Op, data: Any) -> None:
        if op is Op.HEARTBEAT:
            self._reply(Op.HEARTBEAT_ACK)
        elif op in (Op.IDENTIFY, Op.RESUME):
            if self._session is not None:
                raise Close(4005, "Already authenticated.")
            if not isinstance(data, dict):
                raise Close(4002, "Error while decoding payload.")
            self._identify(data) if op is Op.IDENTIFY else self._resume(data)
        elif self._session is None:
            raise Close(4003, "Not authenticated.")
        elif op is Op.VOICE_STATE:
            await self._voice_state(self._session, data)
        elif op is Op.REQUEST_MEMBERS:
            self._chunk(self._session, data)

    def _identify(self, data: Json) -> None:
        user = self._world.login(str(data.get("token", "")).removeprefix(_TOKEN_PREFIX))
        if user is None:
            raise Close(4004, "Authentication failed.")
        intents = data.get("intents", None if user.bot else ORDINARY)
        if not isinstance(intents, int) or not 0 <= intents <= EVERY_INTENT:
            raise Close(4013, "Invalid intent(s).")
        if user.bot and intents & PRIVILEGED and not self._gateway.faults.privileged_intents:
            raise Close(4014, "Disallowed intent(s).")
        shard, shards = data.get("shard") or (0, 1)
        if not 0 <= shard < shards:
            raise Close(4010, "Invalid shard.")
        session = self._session = Session(user, intents, (shard, shards))
        session.attach(self._outbox)
        self._world.sessions.add(session)
        guilds = [guild for guild in self._world.guilds.values() if session.wants("", guild.id)]
        session.dispatch("READY", encode(self._ready(session, guilds)))
        for guild in guilds if intents & Intent.GUILDS else ():
            everybody = bool(intents & Intent.PRESENCES)
            known = guild.create_payload(user.id, everybody=everybody) | {
                "threads": self._world.threads.seen_by(guild, user.id),
                "guild_scheduled_events": self._world.events.seen_by(guild, user.id),
            }
            session.dispatch("GUILD_CREATE", encode(known))

    def _ready(self, session: Session, guilds: list[Guild]) -> Json:
        return {
            "v": 10,
            "user": session.user.private_payload(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._gateway.resume_url,
            "shard": list(session.shard),
            "application": {"id": str(session.user.id), "flags": 0},
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "auth": {},
            "_trace": ["loopback"],
        }

    def _resume(self, data: Json) -> None:
        user = self._world.login(str(data.get("token", "")).removeprefix(_TOKEN_PREFIX))
        if user is None:
            raise Close(4004, "Authentication failed.")
        session = self._world.sessions.get(str(data.get("session_id")))
        sequence = data.get("seq")
        if session is None or session.user is not user or not isinstance(sequence, int):
            self._reply(Op.INVALID_SESSION, False)
            return
        if sequence > session.sequence:
            raise Close(4007, "Invalid seq.")
        session.attach(self._outbox)
        self._session = session
        self._gateway.resumed(session)
        if not session.replay_after(sequence):
            self._reply(Op.INVALID_SESSION, False)
            session.outbox = self._session = None
            self._gateway.end(session)
            return
        session.dispatch("RESUMED", '{"_trace":["loopback"]}')

    async def _voice_state(self, session: Session, data: Json) -> None:
        try:
            guild = self._world.guild(int(data["guild_id"]))
            wanted = data["channel_id"]
            channel = None if wanted is None else guild.channels.get(int(wanted))
            if session.user.id not in guild.members or (wanted is not None and channel is None):
                return  # Discord answers such a request with silence too
            state = VoiceState(
                user_id=session.user.id,
                guild_id=guild.id,
                channel_id=None,
                session_id=session.id,
                self_mute=bool(data.get("self_mute")),
                self_deaf=bool(data.get("self_deaf")),
                self_video=bool(data.get("self_video")),
            )
        except ApiError:
            return
        except (KeyError, TypeError, ValueError):
            raise Close(4002, "Error while decoding payload.") from None
        await self._world.calls.request(session, guild, channel, state)

    def _chunk(self, session: Session, data: Json) -> None:
        """Op 8. Everything fits into one GUILD_MEMBERS_CHUNK (of up to 1000 members) here."""
        try:
            guild = self._world.guild(int(data["guild_id"]))
        except (ApiError, KeyError, TypeError, ValueError):
            return
        ids = data.get("user_ids")
        wanted = None if ids is None else {str(user) for user in (ids if isinstance(ids, list) else [ids])}
        prefix = str(data.get("query") or "").lower()
        members = [
            member.payload()
            for user_id, member in guild.members.items()
            if (wanted is None or str(user_id) in wanted) and member.user.name.lower().startswith(prefix)
        ]
        chunk: Json = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
        if wanted is not None:
            chunk["not_found"] = sorted(wanted - {member["user"]["id"] for member in members})
        if "nonce" in data:
            chunk["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", encode(chunk))
