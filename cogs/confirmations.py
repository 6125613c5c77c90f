"""What changes something is asked about first: a question in the voice channel's chat, with buttons.

Who may press is decided by the gatekeeper at the moment of the press, never here. A button is known by the
number in it, so it is heard also after a restart; what it was about is not done then, and it says so.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Self

import discord
import structlog

from bot.app import Parley
from bot.clock import utc_now
from bot.tools.gatekeeper import Gatekeeper
from bot.tools.question import Pressed, Question, State
from cogs import confirmations_wording as wording
from cogs.caller import member_of
from cogs.failure import Commands, apologising
from cogs.reply import Reply, acknowledge

log = structlog.get_logger(__name__)

POSTED_MAX = 256
"""Questions of which the message is remembered; each is decided within minutes."""

Chat = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

Button = discord.ui.Button[Any]
Press = discord.Interaction[Any]


class Numbered(discord.ui.DynamicItem[Button], template=r"tool:(?P<number>\d+):"):
    """A button that carries the number of a call; what it is called and looks like is said below."""

    word = ""
    label = ""
    style = discord.ButtonStyle.secondary

    def __init__(self, number: int) -> None:
        custom_id = f"tool:{number}:{self.word}"
        super().__init__(discord.ui.Button(label=self.label, style=self.style, custom_id=custom_id))
        self._number = number

    @classmethod
    async def from_custom_id(cls, _: Press, item: Any, match: re.Match[str], /) -> Self:
        return cls(int(match["number"]))


class Confirm(Numbered, template=r"tool:(?P<number>\d+):confirm"):
    """Under a question: do it."""

    word, label, style = "confirm", wording.CONFIRM, discord.ButtonStyle.success

    @apologising
    async def callback(self, interaction: Press) -> None:
        reply, keeper = await acknowledge(interaction), _keeper(interaction)
        await _show(reply, self._number, await keeper.confirm(self._number, member_of(interaction).id))


class Refuse(Numbered, template=r"tool:(?P<number>\d+):refuse"):
    """Under a question: leave it."""

    word, label = "refuse", wording.REFUSE

    @apologising
    async def callback(self, interaction: Press) -> None:
        reply, keeper = await acknowledge(interaction), _keeper(interaction)
        await _show(reply, self._number, await keeper.refuse(self._number, member_of(interaction).id))


class Undo(Numbered, template=r"tool:(?P<number>\d+):undo"):
    """Under what was done: make it as it was."""

    word, label = "undo", wording.UNDO

    @apologising
    async def callback(self, interaction: Press) -> None:
        reply, keeper = await acknowledge(interaction), _keeper(interaction)
        pressed = await keeper.undo(self._number, member_of(interaction).id)
        if pressed.state is State.EXPIRED:  # what is written there has happened, undone or not
            await reply.unbutton()
            await reply.whisper(pressed.sentence)
        else:
            await _show(reply, self._number, pressed)


BUTTONS = (Confirm, Refuse, Undo)


class Questions(Commands, name="Questions"):
    """`bot.tools.question.Asker`, by messages in the chat of the voice channel."""

    def __init__(self, bot: Parley) -> None:
        self._bot = bot
        self._posted: dict[int, discord.Message] = {}  # by the number of the question

    async def cog_load(self) -> None:
        self._bot.add_dynamic_items(*BUTTONS)
        self._bot.gatekeeper.asker = self

    async def cog_unload(self) -> None:
        self._bot.gatekeeper.asker = None
        self._bot.remove_dynamic_items(*BUTTONS)

    async def ask(self, question: Question) -> None:
        """Post it. Raises what Discord raises, or LookupError: then it counts as not asked."""
        channel = self._bot.get_channel(question.channel_id)
        if not isinstance(channel, discord.abc.Messageable) or isinstance(
            channel, discord.abc.PrivateChannel
        ):
            raise LookupError(f"no chat in channel {question.channel_id}")
        until = discord.utils.format_dt(utc_now() + timedelta(seconds=question.expires_in_s), "R")
        text = wording.question(question, _concerned(channel.guild, question), until)
        view = _buttons(Confirm(question.id), Refuse(question.id))
        self._posted[question.id] = await channel.send(text, view=view, suppress_embeds=True)
        while len(self._posted) > POSTED_MAX:
            del self._posted[next(iter(self._posted))]

    async def expired(self, question: Question) -> None:
        """Nobody has pressed in time. Raises what Discord raises."""
        message = self._posted.get(question.id)
        if message is not None:
            await message.edit(content=wording.ended(message.content, wording.EXPIRED), view=None)

    def asked(self, number: int) -> bool:
        """Whether this process has asked it: then it writes below it what comes of it."""
        return number in self._posted


async def _show(reply: Reply, number: int, pressed: Pressed) -> None:
    """What the press has led to: to everybody, or to who pressed where nothing has changed."""
    match pressed.state:
        case State.DENIED:
            await reply.whisper(pressed.sentence)
        case State.EXPIRED if _asked_here(reply, number):
            await reply.whisper(pressed.sentence)  # somebody else was quicker, and their outcome is to stand
        case _:
            await _write_below(reply, number, pressed)


async def _write_below(reply: Reply, number: int, pressed: Pressed) -> None:
    message = reply.interaction.message
    assert message is not None
    by = member_of(reply.interaction).mention
    text = wording.ended(message.content, wording.outcome(pressed, by))
    await reply.say(text, _buttons(Undo(number)) if pressed.can_be_undone else None)


def _asked_here(reply: Reply, number: int) -> bool:
    questions = reply.interaction.client.get_cog(Questions.__cog_name__)
    return isinstance(questions, Questions) and questions.asked(number)


def _buttons(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """All of them are known by patterns, so nobody need keep the view."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def _concerned(guild: discord.Guild, question: Question) -> list[str]:
    """Mentions of the members and channels that the arguments came down to. Of other ids (messages, events)
    there is nothing to show."""
    mentions = []
    for each in question.concerns:
        found = guild.get_member(each) or guild.get_channel_or_thread(each)
        if found is not None:
            mentions.append(found.mention)
    return mentions


def _keeper(interaction: Press) -> Gatekeeper:
    keeper: Gatekeeper = interaction.client.gatekeeper
    return keeper


async def setup(bot: Parley) -> None:
    await bot.add_cog(Questions(bot))
