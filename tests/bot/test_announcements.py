"""What is written into the chat: once, about what can be done, and short."""

from __future__ import annotations

import asyncio

import pytest

from bot import announcements as wording
from bot.announcements import OUTAGE, OUTAGE_OVER, Chat
from bot.status import SpeakerStatus


class Posts:
    def __init__(self) -> None:
        self.texts: list[str] = []

    async def post(self, text: str) -> None:
        self.texts.append(text)


async def after(happened: str) -> list[str]:
    """The posts after failures (f), connections (c) and two seconds each (.) in this order."""
    posts = Posts()
    async with asyncio.TaskGroup() as tasks:
        chat, now = Chat(tasks, posts.post), 0.0
        for each in happened:
            if each == "f":
                chat.live_lost(now)
            elif each == "c":
                chat.live_connected()
            else:
                now += 2.0
            chat.tick(now)
    return posts.texts


@pytest.mark.parametrize(
    ("happened", "posted"),
    [
        ("c", []),
        ("cfc", []),
        ("cfff.c....", []),
        ("cf.c.f.c", []),
        ("cf.f.", [OUTAGE]),
        ("cf.f.f.f.", [OUTAGE]),
        ("cf.f.f.c", [OUTAGE, OUTAGE_OVER]),
        ("cf..cf.cf..c", [OUTAGE, OUTAGE_OVER, OUTAGE, OUTAGE_OVER]),
    ],
)
async def test_an_outage_is_told_once_and_so_is_its_end(happened: str, posted: list[str]) -> None:
    assert await after(happened) == posted


async def test_a_slow_chat_holds_up_nobody() -> None:
    go = asyncio.Event()

    async def post(text: str) -> None:
        await go.wait()

    async with asyncio.TaskGroup() as tasks:
        Chat(tasks, post).say("Hello.")
        assert not go.is_set()  # we are here all the same
        go.set()


def test_who_got_no_answer_is_named_and_told_what_to_do() -> None:
    assert wording.unanswered([1, 2], "no answer") == (
        "I got no answer from Google Gemini for <@1> and <@2>. Please say it again."
    )
    assert wording.unanswered([], "no answer") == "I got no answer from Google Gemini. Please say it again."
    assert "say it again" not in wording.unanswered([1], "refused")
    assert "<@1>" in wording.unanswered([1], "refused")


def speaker(user_id: int, *, level_db: float = -20.0, loss_percent: float = 0.0) -> SpeakerStatus:
    return SpeakerStatus(user_id, 1.0, level_db, loss_percent, 0)


def test_why_somebody_is_not_understood() -> None:
    lossy, faint, fine = speaker(1, loss_percent=8.4), speaker(2, level_db=-52.0), speaker(3)
    said = wording.not_understood([lossy, faint, fine])
    assert "8 % of <@1>" in said
    assert "<@2> is very quiet here (-52 dB)" in said
    assert "<@3>" not in said
    assert "look well" in wording.not_understood([fine])
    assert "look well" in wording.not_understood([])


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (20.0, "20 seconds"),
        (60.0, "1 minute"),
        (89.0, "1 minute"),
        (120.0, "2 minutes"),
        (3600.0, "60 minutes"),
    ],
)
def test_how_long_it_was_alone(seconds: float, said: str) -> None:
    assert f"for {said}." in wording.left_alone(seconds)
