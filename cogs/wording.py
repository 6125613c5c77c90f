"""The sentences of the commands: short enough for a phone, and each says what to do."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from bot.status import RoomStatus, SpeakerStatus
from bot.voice.entry import VoiceRoom

NOT_IN_A_CHANNEL = (
    "You are not in a voice channel. Join one and type `/join` again, or name it: `/join channel:`."
)
NOT_HERE = "I am not in a voice channel of this server. `/join` brings me in."
LEFT = "I have left. `/join` brings me back."
PEOPLE_SHOWN = 10
"""In /status. A message has 2000 characters, a person takes up to 110 of them, the rest up to 850."""

REMEDIES_SHOWN = 5

OFFER_EXPIRED = "I have stayed where I am. Type `/join` again if I am to move."


OUTDATED = "I was restarted since, and no longer know what this button is for. Type the command again."

NOT_A_MEMBER = "That person is no member of this server."

MESSAGE_MAX = 2_000
"""Characters (Discord API docs, "Create Message"); of more, Discord shows nothing at all."""

SHOWN_MAX = 1_900
"""Characters of an answer that is not meant to be cut; what is longer comes as a file."""

IN_FILE = "… The file has all of it."


def cut(text: str) -> str:
    """As much of it as a message holds."""
    return text if len(text) <= MESSAGE_MAX else text[: MESSAGE_MAX - 1] + "…"


def beginning(text: str) -> str:
    """The lines of a long answer that fit, and where the others are."""
    room = SHOWN_MAX - len(IN_FILE) - 1
    lines = text[: room + 1].rpartition("\n")[0] or text[:room]
    return f"{lines.rstrip()}\n{IN_FILE}"


def joined(channel: VoiceRoom) -> str:
    """What to know of `channel` now that the bot is in it."""
    rights = channel.permissions_for(channel.guild.me)
    parts = [f"I am in {channel.mention}."]
    if isinstance(channel, discord.StageChannel) and not rights.mute_members:
        parts.append("I hear the stage; to hear me, a moderator has to accept my request to speak.")
    else:
        parts.append("Just speak; interrupt me whenever you like.")
    if not rights.send_messages:
        parts.append(
            "I may not write in its chat, so please tell the others: I listen, and what is said goes to "
            "Google Gemini."
        )
    return " ".join([*parts, "`/leave` makes me go."])


def already_here(channel: str) -> str:
    return f"I am in {channel} already. Just speak. `/status` tells whom I hear."


def elsewhere(current: str, wanted: str) -> str:
    return (
        f"I am talking in {current}, and I can be in one channel of a server at a time. "
        f"Shall I move to {wanted}?"
    )


def on_the_way(channel_id: int) -> str:
    return f"I am on my way into <#{channel_id}>."


def not_yours_to_dismiss(channel: str) -> str:
    return f"Only people in {channel} or moderators with **Move Members** can send me away."


def only_for(roles: Iterable[int]) -> str:
    """To who has none of the roles that this server has named."""
    mentions = " or ".join(f"<@&{role_id}>" for role_id in sorted(roles))
    return f"In this server only members with {mentions} may call me, hush me or send me away."


def status(room: RoomStatus) -> str:
    """What `/status` says: the room in two lines, then a line per person."""
    encryption = "end-to-end encrypted" if room.encrypted else "not end-to-end encrypted (a stage)"
    head = f"In <#{room.channel_id}> for {_duration(room.uptime_s)}, {encryption}."
    figures = [
        f"Discord {_ms(room.voice_latency_ms)}",
        f"Gemini {'connected' if room.live.connected else '**not connected**'}",
    ]
    if room.live.answer_latency_ms is not None:
        figures.append(f"answers after {_ms(room.live.answer_latency_ms)}")
    if not room.live.notes:
        figures.append("turn notes off")
    if room.reconnects:
        figures.append(f"{room.reconnects} reconnect{'s' if room.reconnects > 1 else ''}")
    people = [_person(speaker) for speaker in room.speakers[:PEOPLE_SHOWN]] or ["I have heard nobody yet."]
    if len(room.speakers) > PEOPLE_SHOWN:
        people.append(f"… and {len(room.speakers) - PEOPLE_SHOWN} more.")
    lines = [
        head,
        " · ".join(figures),
        _floor(room),
        _cost(room),
        *_seen_to(room),
        *_kept_down(room),
        *people,
    ]
    return "\n".join(lines)


def _floor(room: RoomStatus) -> str:
    if room.hushed:
        return "**Hushed**: I answer nobody. `/unhush` ends it."
    others = f"{room.people} {'person' if room.people == 1 else 'people'} here"
    return f"{others}; I answer as `/floor` says: `{room.mode}`."


def _cost(room: RoomStatus) -> str:
    """What Google bills, as far as the service tells."""
    live = room.live
    about = "about " if live.estimated else ""
    return (
        f"Cost so far: {about}{_usd(live.cost_usd)} here ({_thousands(live.tokens)} tokens), "
        f"{_usd(live.guild_cost_usd)} in this server this month."
    )


def _seen_to(room: RoomStatus) -> list[str]:
    """What had to be done about Gemini, the most frequent first."""
    often = sorted(room.live.tally.items(), key=lambda entry: -entry[1])[:REMEDIES_SHOWN]
    counts = ", ".join(f"{what} {count}×" for what, count in often)
    return [f"Seen to with Gemini: {counts}."] if counts else []


def _kept_down(room: RoomStatus) -> list[str]:
    """What moderators have done to the bot, and how to undo it."""
    lines = []
    if room.suppressed:
        lines.append("**Nobody hears me**: a moderator has to accept my request to speak on this stage.")
    if room.muted:
        lines.append("**Nobody hears me**: a moderator has muted me here.")
    if room.deafened:
        lines.append("**I hear nobody**: a moderator has deafened me here.")
    return lines


def _person(speaker: SpeakerStatus) -> str:
    parts = [
        _when(speaker.last_heard_s),
        f"level {speaker.level_db:.0f} dB",
        f"loss {speaker.loss_percent:.1f} %",
    ]
    if speaker.undecryptable:
        parts.append(f"{speaker.undecryptable} packets not decryptable")
    return f"<@{speaker.user_id}>: {', '.join(parts)}"


def _when(seconds_ago: float) -> str:
    if seconds_ago == float("inf"):
        return "not heard yet"
    return "heard now" if seconds_ago < 1 else f"heard {_duration(seconds_ago)} ago"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _usd(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


def _thousands(count: int) -> str:
    return f"{count / 1000:.1f}k" if count >= 1000 else str(count)


def _ms(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds:.0f} ms"
