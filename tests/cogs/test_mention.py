"""Mentions in a chat: what is asked, what is answered, and what is said when that cannot be."""

from __future__ import annotations

import asyncio
import io
from typing import Any
from unittest.mock import ANY, AsyncMock, MagicMock, Mock

import aiohttp
import av
import discord
import numpy as np
import pytest

from bot.errors import LiveUnavailable
from cogs import mention, written
from cogs.mention import Mention

BOT, ANA, BEN = 7, 1, 2
LOUNGE, OTHER = 100, 101
GUILD = 1000

ME = Mock(id=BOT)


def person(user_id: int, name: str, *, bot: bool = False) -> Any:
    return Mock(spec=discord.Member, id=user_id, display_name=name, bot=bot)


def message(content: str = f"<@{BOT}> hello", *files: Any, author: int = ANA, channel: int = LOUNGE) -> Any:
    role, secret = Mock(), Mock()
    role.name, secret.name = "Helpers", "secrets"
    secret.permissions_for.return_value.view_channel = False
    guild = Mock(id=GUILD, me=ME)
    guild.get_role = {5: role}.get
    guild.get_channel = {6: secret, LOUNGE: Mock(**{"permissions_for.return_value.view_channel": True})}.get
    guild.get_channel(LOUNGE).name = "Lounge"
    written = Mock(
        content=content,
        attachments=list(files),
        author=person(author, "Ana"),
        mentions=[ME, person(BEN, "Ben")],
        guild=guild,
        is_system=Mock(return_value=False),
    )
    written.channel = MagicMock(id=channel, send=AsyncMock())
    return written


def said(written: Any) -> str:
    """The one reply to a message."""
    written.channel.send.assert_awaited_once()
    text = written.channel.send.await_args.args[0]
    assert isinstance(text, str)
    return text


def png(width: int = 64) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as output:
        stream = output.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, 48, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, width, 3), np.uint8), "rgb24")
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def attached(data: bytes | Exception = b"", kind: str | None = "image/png", size: int | None = None) -> Any:
    read = AsyncMock(side_effect=data) if isinstance(data, Exception) else AsyncMock(return_value=data)
    return Mock(content_type=kind, size=size if size is not None else 100, read=read)


@pytest.fixture
def room() -> Any:
    return Mock(channel_id=LOUNGE, manners=Mock(ask=AsyncMock(return_value="It is red.")))


@pytest.fixture
def rooms(room: Any) -> Any:
    return Mock(get=Mock(return_value=room), channel_id=Mock(return_value=LOUNGE))


@pytest.fixture
def cog(rooms: Any) -> Mention:
    return Mention(Mock(rooms=rooms, user=ME))


async def test_asks_the_room_and_writes_its_answer(cog: Mention, room: Any) -> None:
    asked = message(f"<@{BOT}>  what is\n that?")
    await cog.on_message(asked)
    room.manners.ask.assert_awaited_once_with(ANA, "Ana", "what is that?", [])
    assert said(asked) == "It is red."
    options = asked.channel.send.await_args.kwargs
    assert options["reference"] is asked.to_reference.return_value
    assert options["allowed_mentions"].to_dict() == discord.AllowedMentions.none().to_dict()
    asked.channel.typing.return_value.__aenter__.assert_awaited_once()
    asked.channel.typing.return_value.__aexit__.assert_awaited_once()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"<@!{BOT}> hi", "hi"),
        (f"hi <@{BOT}>", "hi"),
        (f"<@{BOT}> ask <@{BEN}>", "ask @Ben"),
        (f"<@{BOT}> ask <@999>", "ask @somebody"),
        (f"<@{BOT}> ask the <@&5> and <@&999>", "ask the @Helpers and @a role"),
        (f"<@{BOT}> in <#{LOUNGE}>?", "in #Lounge?"),
        (f"<@{BOT}> in <#6>?", "in #a channel?"),  # its name is not for who may not see it
        (f"<@{BOT}> <a:wave:123> <:party:4>", ":wave: :party:"),
        (f"<@{BOT}> 3 < 4 <@>", "3 < 4 <@>"),
    ],
)
async def test_words_are_asked_as_people_read_them(cog: Mention, room: Any, content: str, words: str) -> None:
    await cog.on_message(message(content))
    room.manners.ask.assert_awaited_once_with(ANA, "Ana", words, [])


async def test_what_is_not_for_the_bot_is_left_alone(cog: Mention, room: Any) -> None:
    unmentioned, by_bot, private, pinned = message(), message(), message(), message()
    unmentioned.mentions = [person(BEN, "Ben")]
    by_bot.author = person(BEN, "Other bot", bot=True)
    private.guild = None
    pinned.is_system.return_value = True
    for each in (unmentioned, by_bot, private, pinned):
        await cog.on_message(each)
        each.channel.send.assert_not_awaited()
    room.manners.ask.assert_not_awaited()


async def test_elsewhere_says_where(cog: Mention, room: Any) -> None:
    asked = message(channel=OTHER)
    await cog.on_message(asked)
    assert f"<#{LOUNGE}>" in said(asked)
    room.manners.ask.assert_not_awaited()


@pytest.mark.parametrize(("on_the_way_to", "words"), [(None, "`/join`"), (OTHER, f"<#{OTHER}>")])
async def test_without_a_room(cog: Mention, rooms: Any, on_the_way_to: int | None, words: str) -> None:
    rooms.get.return_value, rooms.channel_id.return_value = None, on_the_way_to
    asked = message()
    await cog.on_message(asked)
    assert words in said(asked)


async def test_only_the_name(cog: Mention, room: Any) -> None:
    asked = message(f"<@{BOT}>")
    await cog.on_message(asked)
    assert said(asked) == mention.NO_WORDS
    room.manners.ask.assert_not_awaited()


async def test_a_thousand_characters_and_one_more(cog: Mention, room: Any) -> None:
    await cog.on_message(message(f"<@{BOT}> " + "x" * 1000))
    room.manners.ask.assert_awaited_once_with(ANA, "Ana", "x" * 1000, [])
    asked = message("x" * 1001)
    await cog.on_message(asked)
    assert "1,000 characters" in said(asked)


async def test_one_at_a_time_for_each_person(cog: Mention, room: Any) -> None:
    answered = asyncio.Event()

    async def ask(*_: object) -> str:
        await answered.wait()
        return "done"

    room.manners.ask.side_effect = ask
    first, second, of_ben, later = message(), message(), message(author=BEN), message()
    waiting = [asyncio.create_task(cog.on_message(each)) for each in (first, of_ben)]
    await asyncio.sleep(0)
    await cog.on_message(second)
    assert said(second) == mention.ONE_MOMENT
    answered.set()
    await asyncio.gather(*waiting)
    await cog.on_message(later)
    assert said(first) == said(of_ben) == said(later) == "done"
    assert room.manners.ask.await_count == 3


@pytest.mark.parametrize("answer", [None, ""])
async def test_no_answer_is_said(cog: Mention, room: Any, answer: str | None) -> None:
    room.manners.ask.return_value = answer
    asked = message()
    await cog.on_message(asked)
    assert said(asked) == mention.NO_ANSWER


async def test_an_answer_that_never_comes(cog: Mention, room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mention, "ANSWER_S", 0.001)
    room.manners.ask = lambda *_: asyncio.Event().wait()
    asked = message()
    await cog.on_message(asked)
    assert said(asked) == mention.NO_ANSWER


@pytest.mark.parametrize(
    ("error", "words"), [(LiveUnavailable(), "cannot reach Google Gemini"), (KeyError("x"), "on my side")]
)
async def test_errors_are_said_and_do_not_block_their_author(
    cog: Mention, room: Any, error: Exception, words: str
) -> None:
    room.manners.ask.side_effect = [error, "fine"]
    failed, again = message(), message()
    await cog.on_message(failed)
    await cog.on_message(again)
    assert words in said(failed)
    assert said(again) == "fine"


async def test_a_long_answer_is_cut(cog: Mention, room: Any) -> None:
    room.manners.ask.return_value = "x" * 2001
    asked = message()
    await cog.on_message(asked)
    assert said(asked) == "x" * 1999 + "…"


# --- where the bot may not do everything ---


async def test_may_not_write(cog: Mention, room: Any) -> None:
    """Then it answers by voice only."""
    asked = message()
    asked.channel.permissions_for.return_value.send_messages = False
    await cog.on_message(asked)
    room.manners.ask.assert_awaited_once()
    asked.channel.typing.assert_not_called()
    asked.channel.send.assert_not_awaited()


async def test_may_not_read_the_history(cog: Mention) -> None:
    asked = message()
    asked.channel.permissions_for.return_value.read_message_history = False
    await cog.on_message(asked)
    asked.channel.send.assert_awaited_once_with(
        "It is red.", reference=None, allowed_mentions=ANY, suppress_embeds=True
    )


@pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError(), TimeoutError()])
async def test_discord_fails(cog: Mention, room: Any, error: Exception) -> None:
    asked = message()
    asked.channel.typing.return_value.__aenter__.side_effect = error
    asked.channel.send.side_effect = error
    await cog.on_message(asked)
    room.manners.ask.assert_awaited_once()


# --- attachments ---


async def test_pictures_are_shown(cog: Mention, room: Any) -> None:
    await cog.on_message(message(f"<@{BOT}> which?", *(attached(png(64 + 2 * n)) for n in range(5))))
    words, shown = room.manners.ask.await_args.args[2:]
    assert words == "which?"
    assert len(shown) == 4
    assert all(jpeg.startswith(b"\xff\xd8\xff") for jpeg in shown)


async def test_a_picture_without_words_is_a_question(cog: Mention, room: Any) -> None:
    await cog.on_message(message(f"<@{BOT}>", attached(png())))
    room.manners.ask.assert_awaited_once_with(ANA, "Ana", mention.LOOK, [ANY])


async def test_pictures_come_before_a_video_and_other_files(cog: Mention, room: Any) -> None:
    video, text = attached(kind="video/mp4"), attached(kind="application/pdf")
    await cog.on_message(message("", video, text, attached(png())))
    assert len(room.manners.ask.await_args.args[3]) == 1
    video.read.assert_not_awaited()
    text.read.assert_not_awaited()


async def test_only_the_first_video(cog: Mention, room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "frames", lambda data: [data] * 3)
    await cog.on_message(message("", *(attached(bytes([n]), "video/mp4") for n in range(2))))
    assert room.manners.ask.await_args.args[3] == [b"\0"] * 3


NOT_FOUND = discord.NotFound(Mock(status=404, reason="no"), {"code": 0, "message": "gone"})


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (attached(b"%PDF", "application/pdf"), "pictures and short videos only"),
        (attached(b"?", None), "pictures and short videos only"),
        (attached(b"no picture", "image/png"), "JPEG, PNG"),
        (attached(png()[:60], "image/png"), "damaged"),
        (attached(size=(25 << 20) + 1), "25 MB"),
        (attached(NOT_FOUND), "Send it again"),
        (attached(aiohttp.ClientPayloadError()), "Send it again"),
        (attached(TimeoutError()), "Send it again"),
    ],
    ids=["pdf", "untyped", "misnamed", "damaged", "large", "expired", "broken off", "slow"],
)
async def test_what_cannot_be_shown_is_said_and_not_asked(
    cog: Mention, room: Any, file: Any, words: str
) -> None:
    asked = message(f"<@{BOT}> look", file)
    await cog.on_message(asked)
    assert words in said(asked)
    room.manners.ask.assert_not_awaited()
    if file.size > 1000:
        file.read.assert_not_awaited()


async def test_sent_away_while_the_picture_was_fetched(cog: Mention, rooms: Any, room: Any) -> None:
    rooms.get.side_effect = [room, None]
    asked = message("", attached(png()))
    await cog.on_message(asked)
    assert said(asked) == mention.NOT_HERE
    room.manners.ask.assert_not_awaited()
