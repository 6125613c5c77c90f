"""A member types, and a stock discord.py bot answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from audio.formats import SILENCE_PACKET
from bot.loopback.loopback import Loopback
from bot.loopback.member import Member, MemberError, RestError

Login = Callable[..., "asyncio.Future[Member]"]


def register(tree: app_commands.CommandTree[discord.Client]) -> None:
    @tree.command()
    async def hello(interaction: discord.Interaction) -> None:
        """Answers at once."""
        await interaction.response.send_message(f"Hello {interaction.user.name}", ephemeral=True)

    @tree.command()
    async def think(interaction: discord.Interaction, about: str, channel: discord.VoiceChannel) -> None:
        """Defers, then answers."""
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"{about} in {channel.name}")
        await interaction.followup.send("and more")

    @tree.command()
    async def card(interaction: discord.Interaction) -> None:
        """Answers with an embed."""
        await interaction.response.send_message(embed=discord.Embed(title="Title", description="Text"))

    @tree.command()
    async def offer(interaction: discord.Interaction) -> None:
        """Answers with two buttons."""
        await interaction.response.send_message("Well?", view=Offer(), ephemeral=True)


class Offer(discord.ui.View):
    @discord.ui.button(label="Take it")
    async def take(self, interaction: discord.Interaction, _: discord.ui.Button[Offer]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="Taken", view=None)

    @discord.ui.button(label="Ask")
    async def ask(self, interaction: discord.Interaction, _: discord.ui.Button[Offer]) -> None:
        await interaction.response.send_message("It is free", ephemeral=True)


@pytest.fixture
async def bot(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[discord.Client]:
    monkeypatch.setattr(discord.http.Route, "BASE", loopback.discord.api_base)
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(loopback.discord.gateway_url)
    )
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=loopback.ca_file))
    client = discord.Client(intents=discord.Intents.default(), connector=trusting, guild_ready_timeout=0.1)
    tree = app_commands.CommandTree(client)
    register(tree)
    await client.login("a-bot-token")
    running = asyncio.create_task(client.connect())
    await client.wait_until_ready()
    await tree.sync()
    yield client
    await client.close()
    await asyncio.wait([running])


async def test_an_immediate_answer(bot: discord.Client, login: Login, loopback: Loopback) -> None:
    ana, ben = await login("Ana"), await login("Ben")
    answer = await ana.type("hello", channel_id=loopback.text_channel_id)
    assert answer.content == "Hello Ana"
    assert answer.ephemeral
    assert bot.user is not None
    assert answer.author_id == bot.user.id
    assert not ben.messages


async def test_a_deferred_answer_with_options_is_waited_for(
    bot: discord.Client, login: Login, loopback: Loopback
) -> None:
    ana = await login("Ana", loopback.voice_channel_id)
    answer = await ana.type("/think", {"about": "life", "channel": loopback.voice_channel_id})
    assert answer.content.startswith("life in ")
    assert answer.channel_id == loopback.voice_channel_id
    more = await ana.wait_message(lambda message: message.content == "and more")
    assert more.interaction_id == answer.interaction_id


async def test_embeds_are_read_too(bot: discord.Client, login: Login, loopback: Loopback) -> None:
    ana = await login("Ana")
    answer = await ana.type("card", channel_id=loopback.text_channel_id)
    assert answer.content == "Title\nText"


async def test_what_cannot_be_typed(bot: discord.Client, login: Login, loopback: Loopback) -> None:
    ana = await login("Ana")
    with pytest.raises(MemberError, match="no command /nothing"):
        await ana.type("nothing", channel_id=loopback.text_channel_id)
    with pytest.raises(MemberError, match="where"):
        await ana.type("hello")
    with pytest.raises(RestError, match="400"):
        await ana.type("think", channel_id=loopback.text_channel_id)
    with pytest.raises(TimeoutError):
        await ana.wait_message(lambda message: message.content == "never", timeout=0.01)


async def test_a_broken_gateway_connection_is_resumed_or_made_anew(login: Login, loopback: Loopback) -> None:
    ana, ben = await login("Ana"), await login("Ben")
    session_id = ana.gateway.session_id
    loopback.discord.gateway.reconnect(ana.user_id)  # op 7
    await ben.join(loopback.guild_id, loopback.voice_channel_id)  # ana hears of it after the resume
    await occupants_become(ana, loopback.voice_channel_id, {ben.user_id})
    assert ana.gateway.session_id == session_id
    loopback.discord.gateway.drop(ana.user_id, 4009)
    loopback.discord.gateway.invalidate(ben.user_id)  # op 9, and with it the place in voice
    await occupants_become(ana, loopback.voice_channel_id, set())


async def occupants_become(member: Member, channel_id: int, expected: set[int]) -> None:
    for _ in range(300):
        if member.gateway.occupants(channel_id) == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(member.gateway.occupants(channel_id))


class Packets(discord.AudioSource):
    """Ready Opus packets: nothing to encode, so no libopus is needed."""

    def __init__(self, packets: tuple[bytes, ...]) -> None:
        self._packets = iter(packets)

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return next(self._packets, b"")


async def test_a_stock_discord_py_bot_is_heard(
    bot: discord.Client, login: Login, loopback: Loopback, words: tuple[bytes, ...]
) -> None:
    ana = await login("Ana", loopback.voice_channel_id)
    channel = bot.get_channel(loopback.voice_channel_id)
    assert isinstance(channel, discord.VoiceChannel)
    voice = await channel.connect(reconnect=False)
    assert bot.user is not None
    await ana.connected()
    for _ in range(100):  # discord.py sends plaintext, which nobody takes, until its group is ready
        if voice.voice_privacy_code:
            break
        await asyncio.sleep(0.01)
    finished = asyncio.Event()
    loop = asyncio.get_running_loop()
    voice.play(Packets(words), after=lambda error: loop.call_soon_threadsafe(finished.set))
    await finished.wait()
    for _ in range(100):
        heard = [packet.opus for packet in ana.heard.timeline(bot.user.id) if packet.opus != SILENCE_PACKET]
        if heard[-1:] == [words[-1]]:
            break
        await asyncio.sleep(0.01)
    # its op 5 and its first packet race each other to the server
    assert heard[-20:] == list(words[-20:])
    await voice.disconnect()


async def test_pressing_buttons(bot: discord.Client, login: Login, loopback: Loopback) -> None:
    ana = await login("Ana")
    offer = await ana.type("offer", channel_id=loopback.text_channel_id)
    assert offer.buttons == ["Take it", "Ask"]
    assert (await ana.press(offer, "Ask")).content == "It is free"
    taken = await ana.press(offer, "Take it")
    assert (taken.id, taken.content, taken.buttons) == (offer.id, "Taken", [])
    with pytest.raises(MemberError, match="no button"):
        await ana.press(taken, "Take it")


async def test_mentioning_the_bot_with_a_file(bot: discord.Client, login: Login, loopback: Loopback) -> None:
    """Without the message-content intent a bot reads only what is meant for it, by name or by reply."""
    read: list[discord.Message] = []

    @bot.event
    async def on_message(message: discord.Message) -> None:
        if bot.user in message.mentions and message.author != bot.user:
            read.append(message)
            await message.reply(f"{message.content} {await message.attachments[0].read()!r}")

    ana = await login("Ana", loopback.voice_channel_id)
    written = await ana.mention("look", [("cat.png", b"\x89PNG", "image/png")])
    answer = await ana.wait_message(lambda message: message.reply_to == written.id)
    assert bot.user is not None
    assert answer.content == f"<@{bot.user.id}> look b'\\x89PNG'"
    assert read[0].attachments[0].content_type == "image/png"
    assert isinstance(read[0].mentions[0], discord.Member)

    again = await ana.mention("and this?", [("dog.png", b"dog", "image/png")], reply_to=answer)
    assert again.content == "and this?"
    await ana.wait_message(lambda message: message.reply_to == again.id)
    assert read[1].reference is not None
    assert read[1].reference.message_id == answer.id
    assert bot.user in read[1].mentions


async def test_there_may_be_nobody_to_mention(login: Login, loopback: Loopback) -> None:
    ana = await login("Ana")
    with pytest.raises(MemberError, match="no bot"):
        await ana.mention("hello", channel_id=loopback.text_channel_id)
    with pytest.raises(MemberError, match="where"):
        await ana.mention("hello")
