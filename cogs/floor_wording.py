"""The sentences about whose turn it is: `/floor` and its buttons."""

from __future__ import annotations

from collections.abc import Iterable

from bot.guilds import GuildSettings
from bot.turns.floor import HOLD_S, Interrupt, Mode

MODES = {
    Mode.OPEN: "Everyone",
    Mode.AUTO: "Everyone while alone with one, by name with more",
    Mode.NAMED: "Whoever says my name",
    Mode.PUSH: "Whoever holds the floor, by a button",
    Mode.HOST: "Hosts only",
}
"""Whom the bot answers, as the options of `/floor mode:` have it. Discord shows up to 100 characters."""

INTERRUPTS = {
    Interrupt.EVERYONE: "Everyone",
    Interrupt.ASKER: "Whoever I answer, and hosts",
    Interrupt.HOSTS: "Hosts only",
    Interrupt.NOBODY: "Nobody",
}

HOSTS_AT_MOST = 20
FOLLOW_UP_AT_MOST_S = 120

NOT_YOURS_TO_SET = (
    "Only members with **Move Members**, **Manage Channels** or **Manage Server**, or with a role named in "
    "`/settings`, can change this. "
    "`/floor` on its own shows how it is."
)
TOO_MANY_HOSTS = f"There are {HOSTS_AT_MOST} hosts already. Name one of them again to take them off the list."
HOST_IS_A_BOT = "A bot cannot be a host: I listen to people only."

FREE = (
    f"I answer whoever holds the floor. Press the button, speak, and give it back; after {HOLD_S:.0f} s "
    "it is free by itself."
)
TAKEN = f"Somebody else has the floor. Try again when they are done; after {HOLD_S:.0f} s it is free anyway."
BUTTONS_NOT_POSTED = (
    "**I may not write in {channel}**, so its people have no button. Give me **Send Messages** there and "
    "type `/floor mode:` again."
)
OUTDATED = "Nobody needs the floor any more: I answer as `/floor` says."


def held(by: str, until: str) -> str:
    """`by` is a mention, `until` one of Discord's own timestamps, which each phone shows as what is left."""
    return f"{by} has the floor (it is free again {until})."


def elsewhere(channel: str) -> str:
    return f"The floor is for the people in {channel}. Join it and press again."


def rules(settings: GuildSettings) -> str:
    """How it is now, in a few lines."""
    mode, hosts = settings.mode, _mentions(settings.hosts)
    lines = [f"I answer: **{_lower(MODES[mode])}** (`{mode}`)."]
    if mode in (Mode.AUTO, Mode.NAMED):
        lines.append(_follow_up(settings.follow_up_s))
    lines.append(f"Who may interrupt me: **{_lower(INTERRUPTS[settings.interrupt])}**.")
    if hosts:
        lines.append(f"Hosts: {hosts}.")
    elif mode is Mode.HOST or settings.interrupt is Interrupt.HOSTS:
        lines.append("**There is no host yet.** `/floor host:` names one.")
    return "\n".join(lines)


def _follow_up(follow_up_s: float) -> str:
    if follow_up_s <= 0:
        return "Each time you have to say my name."
    return f"For {follow_up_s:.0f} s after an answer that person need not say my name again."


def _mentions(user_ids: Iterable[int]) -> str:
    return ", ".join(f"<@{user_id}>" for user_id in sorted(user_ids))


def _lower(choice: str) -> str:
    return choice[0].lower() + choice[1:]
