"""The sentences about when the bot is quiet and where it comes by itself."""

from __future__ import annotations

from collections.abc import Sequence

from bot.voice.entry import VoiceRoom

HUSH_AT_MOST_MIN = 240
CHANNELS_AT_MOST = 25

NOT_HUSHED = "I am not hushed. Just speak; `/status` tells whether I hear you."
NOT_YOURS_TO_SET = (
    "Only members with **Move Members**, **Manage Channels** or **Manage Server**, or with a role named in "
    "`/settings`, can change this. "
    "`/autojoin` on its own shows how it is."
)
WHICH_CHANNEL = "You are not in a voice channel. Name the one you mean: `/autojoin channel:`."
TOO_MANY_CHANNELS = (
    f"I come into {CHANNELS_AT_MOST} channels by myself already. Take one off first: "
    "`/autojoin channel: switch:off`."
)


def hushed(minutes: int | None, by: str) -> str:
    how_long = "until somebody types `/unhush`" if minutes is None else f"for {_minutes(minutes)}"
    end = "" if minutes is None else " `/unhush` ends it."
    return f"🤫 Quiet {how_long}, as {by} wishes. I stay here, but neither speak nor listen.{end}"


def unhushed(by: str) -> str:
    return f"I speak again, as {by} wishes. Go on."


def not_yours_to_hush(channel: str) -> str:
    return f"Only people in {channel} or moderators with **Move Members** can say this."


def autojoin(channels: Sequence[VoiceRoom]) -> str:
    """What `/autojoin` says when nothing is to be changed."""
    if not channels:
        return "I come only when called. `/autojoin channel:` makes me come by myself when people do."
    mentions = ", ".join(channel.mention for channel in channels)
    return f"When people come, I come by myself into {mentions}. `/autojoin channel: switch:off` ends it."


def autojoin_on(channel: str, hindrance: str | None) -> str:
    promise = f"From now on I come into {channel} by myself when somebody does and I am free."
    return promise if hindrance is None else f"{promise} As it is, I could not: {hindrance}"


def autojoin_off(channel: str) -> str:
    return f"I no longer come into {channel} by myself. `/join` calls me."


def could_not_come(sentence: str) -> str:
    """In the channel's chat; `sentence` says what was in the way and what to do."""
    return f"I am to come in here by myself (`/autojoin`), but could not. {sentence}"


def _minutes(minutes: int) -> str:
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
