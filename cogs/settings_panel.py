"""The panel of `/settings`: how it is, and a button for each part, which opens a form.

The panel keeps nothing itself, so its buttons work for as long as Discord shows them, restarts included.
"""

from __future__ import annotations

from typing import Any

import discord

from bot.app import Parley
from bot.guilds import GuildSettings
from bot.rooms import Rooms
from bot.voice.entry import VoiceRoom
from cogs import settings_forms as forms
from cogs import settings_wording as wording
from cogs.arrangement import arrange
from cogs.caller import may_appoint, may_arrange, member_of
from cogs.failure import Buttons, Refusal
from cogs.reply import Reply, acknowledge

Press = discord.Interaction[Parley]
Button = discord.ui.Button["SettingsButtons"]


def text(rooms: Rooms, guild: discord.Guild) -> str:
    """What the panel reads."""
    settings = rooms.guilds.of(guild.id)
    channels = (guild.get_channel(channel_id) for channel_id in sorted(settings.autojoin))
    return wording.panel(
        settings, [channel.mention for channel in channels if isinstance(channel, VoiceRoom)]
    )


async def show(reply: Reply, rooms: Rooms, guild: discord.Guild) -> None:
    """The panel as the answer to the command."""
    buttons = SettingsButtons()
    await reply.say(text(rooms, guild), buttons)
    buttons.stop()  # those registered once at the start hear every press; one more a panel would leak


class SettingsButtons(Buttons):
    """A button for each part."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label=wording.ADDRESSING, custom_id="settings:addressing", row=0)
    async def addressing(self, interaction: Press, _: Button) -> None:
        if (settings := await _allowed(interaction)) is not None:
            await interaction.response.send_modal(forms.AddressingForm(settings, _submitted))

    @discord.ui.button(label=wording.GREETING, custom_id="settings:greeting", row=0)
    async def greeting(self, interaction: Press, _: Button) -> None:
        if (settings := await _allowed(interaction)) is not None:
            await interaction.response.send_modal(forms.GreetingForm(settings, _submitted))

    @discord.ui.button(label=wording.WAITING, custom_id="settings:waiting", row=0)
    async def waiting(self, interaction: Press, _: Button) -> None:
        if (settings := await _allowed(interaction)) is not None:
            await interaction.response.send_modal(forms.WaitingForm(settings, _submitted))

    @discord.ui.button(label=wording.AUTOJOIN, custom_id="settings:autojoin", row=1)
    async def autojoin(self, interaction: Press, _: Button) -> None:
        if (settings := await _allowed(interaction)) is not None:
            guild = member_of(interaction).guild
            await interaction.response.send_modal(forms.AutojoinForm(guild, settings, _submitted))

    @discord.ui.button(label=wording.LANGUAGE, custom_id="settings:language", row=1)
    async def language(self, interaction: Press, _: Button) -> None:
        if (settings := await _allowed(interaction)) is not None:
            await interaction.response.send_modal(forms.LanguageForm(settings, _submitted))

    @discord.ui.button(label=wording.MODEL, custom_id="settings:model", row=1)
    async def model(self, interaction: Press, _: Button) -> None:
        if (settings := await _allowed(interaction)) is not None:
            await interaction.response.send_modal(forms.ModelForm(settings, _submitted))

    @discord.ui.button(label=wording.WHO, custom_id="settings:who", row=2)
    async def who(self, interaction: Press, _: Button) -> None:
        settings = await _allowed(interaction)
        if settings is None:
            return
        member = member_of(interaction)
        if may_appoint(member):
            await interaction.response.send_modal(forms.WhoForm(member.guild, settings, _submitted))
        else:
            await (await acknowledge(interaction)).whisper(wording.NOT_YOURS_TO_APPOINT)


async def _allowed(interaction: discord.Interaction[Any]) -> GuildSettings | None:
    """The settings as they are; None if they may not change them any more: then they have been told."""
    member = member_of(interaction)
    settings: GuildSettings = interaction.client.rooms.guilds.of(member.guild.id)
    if may_arrange(member, settings):
        return settings
    await (await acknowledge(interaction)).whisper(wording.NOT_YOURS_TO_SEE)
    return None


def _made(filled_in: forms.Changes, shown: GuildSettings, now: GuildSettings) -> forms.Changes:
    """What somebody has changed in a form. What they left as it was `shown` stays as it is `now`: unchosen,
    so that it goes on following `.env`, or as somebody else has set it in the meantime."""
    made: forms.Changes = {}
    for name, value in filled_in.items():
        before, current = getattr(shown, name), getattr(now, name)
        if isinstance(value, frozenset):  # put in and taken out, each by itself
            value = (current | (value - before)) - (before - value)
        if value not in (before, current):
            made[name] = value
    return made


async def _submitted(interaction: discord.Interaction[Any], form: forms.SettingsForm) -> None:
    """Make the changes, and show the panel as it is now."""
    settings = await _allowed(interaction)
    if settings is None:
        return
    reply, member = await acknowledge(interaction), member_of(interaction)
    rooms: Rooms = interaction.client.rooms
    try:
        changes = form.changes(member, settings)
    except Refusal as refusal:
        await reply.whisper(refusal.sentence)
        return
    if isinstance(form, forms.WhoForm) and not may_appoint(member):
        await reply.whisper(wording.NOT_YOURS_TO_APPOINT)
        return
    changes = _made(changes, form.shown, settings)
    news = await arrange(rooms, member.guild, **changes) if changes else []
    await reply.rewrite(text(rooms, member.guild))
    if changes.get("moderator_roles"):
        news.append(wording.ALSO_IN_DISCORD)
    if news:
        await reply.whisper("\n".join(news))
