"""A running voice server and the clients in it, for tests."""

from __future__ import annotations

from contextlib import AsyncExitStack

from raw_voice_client import RawVoiceClient

from bot.loopback.certificates import Certificates
from bot.loopback.discord.dave import Group
from bot.loopback.discord.voice_gateway import VoiceServer

GUILD, CHANNEL, STAGE = 10, 20, 30
CERTIFICATES = Certificates.create()


class Place:
    """A running server, and clients that the main gateway would have let in."""

    def __init__(self, server: VoiceServer, stack: AsyncExitStack) -> None:
        self.server = server
        self.mode = "aead_aes256_gcm_rtpsize"
        self._stack = stack

    async def client(self, user_id: int, channel_id: int = CHANNEL, guild_id: int = GUILD) -> RawVoiceClient:
        """A client with credentials, not connected yet."""
        client = RawVoiceClient(CERTIFICATES.client_context(), self.server.endpoint, guild_id, channel_id)
        client.mode = self.mode
        client.user_id, client.session_id = user_id, f"session-{user_id}-{guild_id}"
        client.token = self.server.allocate(
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=user_id,
            session_id=client.session_id,
            dave=channel_id != STAGE,
        )
        return await self._stack.enter_async_context(client)

    async def joined(self, *user_ids: int, channel_id: int = CHANNEL) -> list[RawVoiceClient]:
        """Clients in the call, their group settled."""
        clients = await self.joined_while_others_are_away(*user_ids, channel_id=channel_id)
        for client in clients:
            await self.settled(client)
        return clients

    async def joined_while_others_are_away(
        self, *user_ids: int, channel_id: int = CHANNEL
    ) -> list[RawVoiceClient]:
        clients = [await self.client(user_id, channel_id) for user_id in user_ids]
        for client in clients:
            await client.join()
        return clients

    def group(self, client: RawVoiceClient) -> Group:
        call = self.server.seat(client.user_id, client.guild_id).call
        assert call is not None and call.encryption is not None
        return call.encryption.group

    async def settled(self, client: RawVoiceClient) -> None:
        """The client is in the group with all others, at the same epoch."""
        if client.channel_id == STAGE:
            return
        group = self.group(client)

        def settled() -> bool:
            session = client.dave.session if client.dave is not None else None
            if session is None or not group.settled:
                return False
            return len(group.members) == 1 or (session.ready and session.epoch == group.epoch)

        await client.wait(settled)


def frame_of(header: bytes, body: bytes) -> bytes:
    """The payload behind the header extension and before the padding."""
    words = int.from_bytes(header[-2:], "big") if header[0] & 0x10 else 0
    padding = body[-1] if header[0] & 0x20 else 0
    return body[4 * words : len(body) - padding]
