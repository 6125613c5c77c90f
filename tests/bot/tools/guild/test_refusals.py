"""What Discord refuses although it seemed allowed."""

from __future__ import annotations

import pytest
from town import Town, founded

from bot.loopback.discord.permissions import Permission
from bot.tools.guild.channels import LIST_CHANNELS
from bot.tools.guild.messages import POST_MESSAGE, READ_MESSAGES
from bot.tools.guild.refusals import AWAY, FORBIDDEN
from bot.tools.guild.threads import CREATE_THREAD, REPLY_IN_THREAD

SEES = Permission.VIEW_CHANNEL


async def test_without_the_right_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with founded(monkeypatch, bot_permissions=SEES) as town:
        assert town.bot.user is not None
        general = town.channel("general").id
        town.world.deny(town.bot.user.id, general, Permission.SEND_MESSAGES | Permission.READ_MESSAGE_HISTORY)
        result = await town.call(POST_MESSAGE, town.context(), text="x", channel="general")
        assert result == {"status": "error", "retryable": False, "error": FORBIDDEN}
        result = await town.call(READ_MESSAGES, town.context(), channel="general")
        assert result["error"] == FORBIDDEN


async def test_a_locked_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    async with founded(monkeypatch, bot_permissions=SEES) as town:
        await town.call(CREATE_THREAD, town.context(), channel="general", name="plans")
        await town.until(lambda: town.guild.threads)
        (thread,) = town.world.threads.active(town.there, town.there.owner_id)
        thread.locked = True
        result = await town.call(REPLY_IN_THREAD, town.context(), thread="plans", text="x")
        assert "locked" in result["error"]


async def test_a_thread_without_its_first_message_is_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    async with founded(monkeypatch, bot_permissions=SEES) as town:
        assert town.bot.user is not None
        denied = Permission.SEND_MESSAGES_IN_THREADS
        town.world.deny(town.bot.user.id, town.channel("general").id, denied)
        result = await town.call(CREATE_THREAD, town.context(), channel="general", name="plans", text="x")
        assert (result["status"], result["thread"]) == ("ok", "plans")
        assert FORBIDDEN in result["note"]


async def test_when_discord_is_away_one_may_try_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await town.member("Ana")
    monkeypatch.setattr("discord.http.asyncio.sleep", _at_once)  # between its own five attempts
    town.server.faults.rest_status = 503
    result = await town.call(LIST_CHANNELS, town.context(ana))
    assert result == {"status": "error", "retryable": True, "error": AWAY}


async def _at_once(seconds: float) -> None:
    return None
