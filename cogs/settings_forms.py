"""The forms behind the buttons of `/settings`: each fills in one part, and says what was filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import SelectDefaultValue, SelectDefaultValueType
from discord.ui import ChannelSelect, Label, RoleSelect, Select, TextInput

from bot.guilds import GuildSettings
from bot.languages import LANGUAGES, known_as
from bot.live.models import MODELS
from bot.turns.floor import Interrupt, Mode
from bot.voice.entry import VoiceRoom
from cogs import floor_wording, presence_wording
from cogs import settings_wording as wording
from cogs.admission import not_invited
from cogs.failure import Form, Refusal

Changes = dict[str, Any]
"""Fields of GuildSettings."""

_DEFAULT = "-"
"""Stands for None among the values of a select, which must not be empty."""


class SettingsForm(Form):
    """One part of the settings; `shown` are those with which it was opened."""

    def __init__(self, title: str, shown: GuildSettings, submitted: Submitted, *labels: Label[Any]) -> None:
        super().__init__(title=title)
        self.shown = shown
        self._submitted = submitted
        for label in labels:
            self.add_item(label)

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        """What `member` has filled in. Raises Refusal."""
        raise NotImplementedError

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        await self._submitted(interaction, self)


Submitted = Callable[[discord.Interaction[Any], SettingsForm], Awaitable[None]]


class AddressingForm(SettingsForm):
    """Whom the bot answers, and who may interrupt it."""

    def __init__(self, settings: GuildSettings, submitted: Submitted) -> None:
        self._mode = _choice({mode.value: text for mode, text in floor_wording.MODES.items()}, settings.mode)
        interrupts = {interrupt.value: text for interrupt, text in floor_wording.INTERRUPTS.items()}
        self._interrupt = _choice(interrupts, settings.interrupt)
        self._follow_up = _line(f"{settings.follow_up_s:g}")
        super().__init__(
            wording.ADDRESSING,
            settings,
            submitted,
            Label(text=wording.MODE_LABEL, component=self._mode),
            Label(text=wording.INTERRUPT_LABEL, component=self._interrupt),
            Label(text=wording.FOLLOW_UP_LABEL, component=self._follow_up),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        limit = floor_wording.FOLLOW_UP_AT_MOST_S
        return {
            "mode": Mode(self._mode.values[0]),
            "interrupt": Interrupt(self._interrupt.values[0]),
            "follow_up_s": _seconds(wording.FOLLOW_UP_LABEL, self._follow_up.value, limit) or 0.0,
        }


class GreetingForm(SettingsForm):
    """What it does first and last."""

    def __init__(self, settings: GuildSettings, submitted: Submitted) -> None:
        self._greeting, self._goodbye = _prompt(settings.greeting), _prompt(settings.goodbye)
        super().__init__(
            wording.GREETING,
            settings,
            submitted,
            Label(text=wording.GREETING_LABEL, description=wording.GREETING_HINT, component=self._greeting),
            Label(text=wording.GOODBYE_LABEL, description=wording.GOODBYE_HINT, component=self._goodbye),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        return {
            "greeting": self._greeting.value.strip() or None,
            "goodbye": self._goodbye.value.strip() or None,
        }


class WaitingForm(SettingsForm):
    """How long it waits, alone or in silence."""

    def __init__(self, settings: GuildSettings, submitted: Submitted) -> None:
        self._alone, self._nudge = _line(_typed(settings.alone_s)), _line(_typed(settings.nudge_s))
        super().__init__(
            wording.WAITING,
            settings,
            submitted,
            Label(text=wording.ALONE_LABEL, description=wording.ALONE_HINT, component=self._alone),
            Label(text=wording.NUDGE_LABEL, description=wording.NUDGE_HINT, component=self._nudge),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        limit = wording.SECONDS_AT_MOST
        return {  # 0 is never, as in .env
            "alone_s": _seconds(wording.ALONE_LABEL, self._alone.value, limit) or None,
            "nudge_s": _seconds(wording.NUDGE_LABEL, self._nudge.value, limit) or None,
        }


class AutojoinForm(SettingsForm):
    """Where it comes by itself."""

    def __init__(self, guild: discord.Guild, settings: GuildSettings, submitted: Submitted) -> None:
        listed = [channel_id for channel_id in settings.autojoin if guild.get_channel(channel_id) is not None]
        self._channels: ChannelSelect[Any] = ChannelSelect(
            channel_types=[discord.ChannelType.voice, discord.ChannelType.stage_voice],
            min_values=0,
            max_values=presence_wording.CHANNELS_AT_MOST,
            required=False,
            default_values=_defaults(listed, SelectDefaultValueType.channel),
        )
        super().__init__(
            wording.AUTOJOIN,
            settings,
            submitted,
            Label(text=wording.AUTOJOIN_LABEL, description=wording.AUTOJOIN_HINT, component=self._channels),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        chosen = frozenset(channel.id for channel in self._channels.values)
        for channel_id in sorted(chosen - settings.autojoin):
            channel = member.guild.get_channel(channel_id)
            if isinstance(channel, VoiceRoom) and (refusal := not_invited(channel, member)) is not None:
                raise Refusal(sentence=refusal)
        return {"autojoin": chosen}


class LanguageForm(SettingsForm):
    """What it speaks."""

    def __init__(self, settings: GuildSettings, submitted: Submitted) -> None:
        self._language = _line(LANGUAGES.get(settings.language or "", ""))
        super().__init__(
            wording.LANGUAGE,
            settings,
            submitted,
            Label(text=wording.LANGUAGE_LABEL, description=wording.LANGUAGE_HINT, component=self._language),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        typed = self._language.value.strip()
        names = {name.casefold(): code for code, name in LANGUAGES.items()}
        code = known_as(typed) or names.get(typed.casefold())
        if typed and code is None:
            raise Refusal(sentence=wording.no_language(typed))
        return {"language": code}


class ModelForm(SettingsForm):
    """What answers."""

    def __init__(self, settings: GuildSettings, submitted: Submitted) -> None:
        models = {_DEFAULT: wording.AS_CONFIGURED} | {model_id: model_id for model_id in MODELS}
        self._model = _choice(models, settings.model or _DEFAULT)
        super().__init__(
            wording.MODEL,
            settings,
            submitted,
            Label(text=wording.MODEL_LABEL, description=wording.MODEL_HINT, component=self._model),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        chosen = self._model.values[0]
        return {"model": None if chosen == _DEFAULT else chosen}


class WhoForm(SettingsForm):
    """Who may use it."""

    def __init__(self, guild: discord.Guild, settings: GuildSettings, submitted: Submitted) -> None:
        self._members = _roles(guild, settings.member_roles)
        self._moderators = _roles(guild, settings.moderator_roles)
        super().__init__(
            wording.WHO,
            settings,
            submitted,
            Label(text=wording.MEMBERS_LABEL, description=wording.MEMBERS_HINT, component=self._members),
            Label(
                text=wording.MODERATORS_LABEL,
                description=wording.MODERATORS_HINT,
                component=self._moderators,
            ),
        )

    def changes(self, member: discord.Member, settings: GuildSettings) -> Changes:
        return {
            "member_roles": frozenset(role.id for role in self._members.values),
            "moderator_roles": frozenset(role.id for role in self._moderators.values),
        }


def _choice(named: dict[str, str], chosen: str) -> Select[Any]:
    """One of several: value → what people read."""
    options = [
        discord.SelectOption(label=text, value=value, default=value == chosen)
        for value, text in named.items()
    ]
    return Select(options=options)


def _roles(guild: discord.Guild, chosen: frozenset[int]) -> RoleSelect[Any]:
    """Discord refuses to show a role that has been deleted."""
    there = [role_id for role_id in chosen if guild.get_role(role_id) is not None]
    return RoleSelect(
        min_values=0,
        max_values=wording.ROLES_AT_MOST,
        required=False,
        default_values=_defaults(there, SelectDefaultValueType.role),
    )


def _defaults(ids: list[int], kind: SelectDefaultValueType) -> list[SelectDefaultValue]:
    return [SelectDefaultValue(id=each, type=kind) for each in sorted(ids)]


def _line(text: str) -> TextInput[Any]:
    return TextInput(default=text or None, required=False, max_length=40)


def _prompt(text: str | None) -> TextInput[Any]:
    """`.env` may hold a longer one than this takes."""
    style = discord.TextStyle.paragraph
    default = text[: wording.PROMPT_MAX] if text else None
    return TextInput(style=style, default=default, required=False, max_length=wording.PROMPT_MAX)


def _typed(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:g}"


def _seconds(label: str, typed: str, limit: int) -> float:
    """0 where nothing was written. Raises Refusal."""
    text = typed.strip().replace(",", ".") or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= limit:  # also what is not a number
        raise Refusal(sentence=wording.not_seconds(label, typed, limit))
    return seconds
