"""Whoever has no microphone: a mention in the channel's chat is answered by voice and in writing."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from stage import Stage, StartStage, until

from bot.loopback.discord.permissions import Permission
from bot.loopback.live.record import Kind
from bot.loopback.member.message import Message

pytestmark = pytest.mark.slow


def red(codec: str, container: str, pix_fmt: str, frames: int = 1) -> bytes:
    """A red picture of 1200 × 800, or a video of it with ten frames a second."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 1200, 800, pix_fmt
        for _ in range(frames):
            picture = np.full((800, 1200, 3), (255, 0, 0), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


PICTURE = ("square.png", red("png", "image2pipe", "rgb24"), "image/png")


def to(written: Message) -> Callable[[Message], bool]:
    return lambda message: message.reply_to == written.id


def answers(stage: Stage) -> list[Any]:
    return [event.detail for event in stage.of(Kind.ANSWER)]


async def test_a_mention_is_answered_by_voice_and_in_writing(stage: Stage) -> None:
    ana, dora = await stage.member("Ana"), await stage.member("Dora", join=False)
    await ana.type("join")
    typing: list[int] = []
    dora.gateway.listeners.append(
        lambda event, data: typing.append(int(data["user_id"])) if event == "TYPING_START" else None
    )

    written = await dora.mention("how far is the moon?", channel_id=stage.world.voice_channel_id)
    answer = await dora.wait_message(to(written))
    assert answer.author_id == stage.bot_id
    assert answer.content
    assert not answer.raw["mentions"], "nobody is pinged"
    assert stage.bot_id in typing
    assert answers(stage)[-1] == "answer_text"
    asked = stage.world.live.sessions[-1].texts[-1]
    assert "how far is the moon?" in asked.text
    assert "Dora" in asked.text
    assert not asked.in_activity
    since = next(event.at for event in reversed(stage.of(Kind.ANSWER)))
    await stage.answered(ana, since)

    again = await dora.mention("and mars?", reply_to=answer, channel_id=stage.world.voice_channel_id)
    await dora.wait_message(to(again))
    assert "and mars?" in stage.world.live.sessions[-1].texts[-1].text


async def test_a_picture_is_shown_to_the_model(stage: Stage) -> None:
    ana = await stage.member("Ana")
    await ana.type("join")
    written = await ana.mention("what is this?", [PICTURE])
    await ana.wait_message(to(written))
    [image] = stage.world.live.sessions[-1].images
    assert (image.width, image.height) == (768, 512)
    assert image.data.startswith(b"\xff\xd8\xff")
    assert image.seen
    assert answers(stage)[-1] == "answer_image"


async def test_a_video_is_shown_at_one_frame_a_second(stage: Stage) -> None:
    ana = await stage.member("Ana")
    await ana.type("join")
    video = ("clip.mp4", red("mpeg4", "mp4", "yuv420p", frames=25), "video/mp4")
    written = await ana.mention("what happens here?", [video])
    await ana.wait_message(to(written), timeout=20.0)
    shown = list(stage.world.live.sessions[-1].images)
    assert len(shown) == 3
    assert all(later.at - earlier.at > 0.95 for earlier, later in pairwise(shown))
    assert answers(stage)[-1] == "answer_image"


async def test_what_the_bot_says_when_it_cannot(start: StartStage) -> None:
    stage = await start()
    ana, place = await stage.member("Ana"), stage.world.guilds[0]

    async def reply(text: str, *files: tuple[str, bytes, str], channel_id: int | None = None) -> str:
        written = await ana.mention(text, files, channel_id=channel_id)
        return (await ana.wait_message(to(written))).content

    assert "`/join` brings me in" in await reply("hello")
    await ana.type("join")
    elsewhere = await reply("hello", channel_id=place.text_channel_id)
    assert f"<#{place.voice_channel_id}>" in elsewhere
    assert "only" in await reply("read this", ("notes.pdf", b"%PDF-1.7", "application/pdf"))
    assert "damaged" in await reply("look", ("cut.png", PICTURE[1][:50], "image/png"))
    stage.world.discord.faults.cdn_status = 404
    assert "Send it again" in await reply("look", PICTURE)
    assert not stage.world.live.sessions[-1].images


async def test_may_not_write_and_answers_by_voice(stage: Stage) -> None:
    ana, place = await stage.member("Ana"), stage.world.guilds[0]
    await ana.type("join")
    stage.world.discord.world.deny(stage.bot_id, place.voice_channel_id, Permission.SEND_MESSAGES)
    said = len(answers(stage))
    written = await ana.mention("how far is the moon?")
    await until(lambda: len(answers(stage)) > said)
    await stage.answered(ana, stage.of(Kind.ANSWER)[-1].at)
    assert not [message for message in ana.messages if message.reply_to == written.id]
