"""Whoever typed, pressed or sent a form is told when it fails, and told what to do where that is known."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import discord
import pytest
from cast import Cast, said, whispered
from discord import app_commands
from structlog.testing import capture_logs

from bot.errors import LiveUnavailable, ParleyError
from cogs.failure import Buttons, Commands, Form, Refusal, apologise, apologising

FAULTS = [(RuntimeError("oh"), ParleyError.sentence), (LiveUnavailable("no"), LiveUnavailable.sentence)]


@pytest.mark.parametrize(("error", "sentence"), FAULTS)
async def test_a_command(cast: Cast, error: Exception, sentence: str) -> None:
    typed = cast.typed(cast.member(5))
    wrapped = app_commands.CommandInvokeError(Mock(), error)
    await Commands().cog_app_command_error(typed, wrapped)
    assert said(typed) == sentence


async def test_what_cannot_be_is_no_fault(cast: Cast) -> None:
    typed = cast.typed(cast.member(5))
    with capture_logs() as logs:
        await apologise(typed, Refusal(sentence="Join a channel first."))
    assert said(typed) == "Join a channel first."
    assert not logs


@pytest.mark.parametrize(("error", "sentence"), FAULTS)
async def test_a_button_under_everybodys_message(cast: Cast, error: Exception, sentence: str) -> None:
    pressed = cast.pressed(cast.member(5))
    await Buttons().on_error(pressed, error, Mock())
    assert whispered(pressed) == sentence


async def test_a_form(cast: Cast) -> None:
    sent = cast.sent(cast.member(5))
    await Form(title="Form").on_error(sent, RuntimeError("oh"))
    assert said(sent) == ParleyError.sentence


async def test_a_layout_takes_no_plain_text(cast: Cast) -> None:
    pressed = cast.pressed(cast.member(5))
    pressed.message.flags = discord.MessageFlags(ephemeral=True, components_v2=True)
    await Buttons().on_error(pressed, RuntimeError("oh"), Mock())
    assert whispered(pressed) == ParleyError.sentence


async def test_a_button_known_by_a_pattern(cast: Cast) -> None:
    class Broken(discord.ui.DynamicItem[discord.ui.Button[Any]], template="broken"):
        @apologising
        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            raise RuntimeError("oh")

    pressed = cast.pressed(cast.member(5))
    await Broken(discord.ui.Button(custom_id="broken")).callback(pressed)
    assert whispered(pressed) == ParleyError.sentence
