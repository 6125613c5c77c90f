"""A button from before a restart answers, too."""

from __future__ import annotations

from unittest.mock import Mock

import discord
import pytest
from cast import Cast

from cogs import outdated, wording
from cogs.outdated import Outdated


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outdated, "GRACE_S", 0.0)


async def test_a_button_that_nobody_hears(cast: Cast) -> None:
    pressed = cast.pressed(cast.member(5))
    await Outdated().on_interaction(pressed)
    pressed.edit_original_response.assert_awaited_once_with(view=None)
    pressed.followup.send.assert_awaited_once_with(wording.OUTDATED, ephemeral=True)


@pytest.mark.parametrize("heard", [True, False])
async def test_what_is_heard_and_what_is_no_button_is_left_alone(cast: Cast, heard: bool) -> None:
    interaction = cast.pressed(cast.member(5)) if heard else cast.sent(cast.member(5))
    assert heard is (interaction.type is discord.InteractionType.component)
    interaction.response.is_done = Mock(return_value=heard)
    await Outdated().on_interaction(interaction)
    interaction.response.defer.assert_not_awaited()
    interaction.followup.send.assert_not_awaited()
