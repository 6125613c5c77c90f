"""Acknowledging and replying, while connections break and Discord refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import aiohttp
import discord
import pytest

from cogs import reply
from cogs.reply import Reply, acknowledge


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "_RETRIES_AFTER_S", (0.0, 0.0))


def interaction(kind: discord.InteractionType = discord.InteractionType.application_command) -> Any:
    return Mock(
        type=kind,
        command=Mock(qualified_name="join"),
        response=Mock(defer=AsyncMock(), is_done=Mock(return_value=False)),
        edit_original_response=AsyncMock(),
    )


def refusal(status: int, code: int) -> discord.HTTPException:
    answer = SimpleNamespace(status=status, reason="no")
    return discord.HTTPException(answer, {"code": code, "message": "no"})  # type: ignore[arg-type]


async def test_a_command_is_answered_by_a_message_of_its_own() -> None:
    typed = interaction()
    await acknowledge(typed)
    typed.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)


async def test_a_button_is_answered_in_its_place() -> None:
    pressed = interaction(discord.InteractionType.component)
    await acknowledge(pressed)
    pressed.response.defer.assert_awaited_once_with()


async def test_a_form_is_answered_where_it_was_opened() -> None:
    sent = interaction(discord.InteractionType.modal_submit)
    await acknowledge(sent)
    sent.response.defer.assert_awaited_once_with()
    sent = interaction(discord.InteractionType.modal_submit)
    sent.message = None  # by a command
    await acknowledge(sent)
    sent.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)


async def test_acknowledges_once() -> None:
    typed = interaction()
    typed.response.is_done.return_value = True
    await acknowledge(typed)
    typed.response.defer.assert_not_awaited()


@pytest.mark.parametrize(
    "broken", [aiohttp.ServerDisconnectedError(), ConnectionResetError(), TimeoutError()]
)
async def test_tries_again_when_the_connection_breaks(broken: Exception) -> None:
    typed = interaction()
    typed.response.defer.side_effect = [broken, None]
    typed.edit_original_response.side_effect = [broken, broken, None]
    await (await acknowledge(typed)).say("here")
    assert typed.response.defer.await_count == 2
    assert typed.edit_original_response.await_count == 3


async def test_gives_up_without_raising() -> None:
    typed = interaction()
    typed.response.defer.side_effect = aiohttp.ServerDisconnectedError()
    typed.edit_original_response.side_effect = OSError()
    await (await acknowledge(typed)).say("here")
    assert typed.edit_original_response.await_count == 3


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060), (404, 10015)])
async def test_a_refusal_is_not_repeated(status: int, code: int) -> None:
    typed = interaction()
    typed.response.defer.side_effect = refusal(status, code)
    typed.edit_original_response.side_effect = refusal(status, code)
    await (await acknowledge(typed)).say("here")
    assert typed.response.defer.await_count == typed.edit_original_response.await_count == 1


async def test_a_reply_without_a_view_takes_the_buttons_away() -> None:
    pressed = interaction(discord.InteractionType.component)
    await Reply(pressed).say("done")
    pressed.edit_original_response.assert_awaited_once_with(content="done", view=None)


async def test_a_layout_takes_the_place_of_the_text() -> None:
    typed, layout = interaction(), Mock(spec=discord.ui.LayoutView)
    await Reply(typed).show(layout)
    typed.edit_original_response.assert_awaited_once_with(content=None, view=layout)
