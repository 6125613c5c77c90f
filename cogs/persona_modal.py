"""What of a persona is written in sentences: the form for it, which loses nothing that was written; and the
question before one is deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import discord
from discord.ui import Label, TextInput

from bot.errors import ParleyError
from bot.persona_rules import ALIASES_MAX, GREETING_MAX, INSTRUCTION_MAX, NAME_MAX
from bot.store.rows import Persona
from cogs import persona_wording as wording
from cogs.failure import Buttons, Form
from cogs.persona_fields import LABELS, OFF, aliases_typed, greeting_typed
from cogs.reply import Reply, acknowledge

OPEN_S = 600.0
"""So long the buttons stay; an answer can be changed for fifteen minutes (Discord API docs)."""

Keep = Callable[[discord.Interaction[Any], Persona], Awaitable[str]]
"""Keeps what was written; what to say then. Raises ParleyError, whose sentence says what to write instead."""


@dataclass(frozen=True, slots=True)
class Written:
    """The texts of the form, as they were typed."""

    aliases: str
    instruction: str
    greeting: str

    @classmethod
    def of(cls, persona: Persona) -> Written:
        greeting = OFF if persona.greeting == "" else persona.greeting or ""
        return cls(", ".join(persona.aliases), persona.instruction, greeting)

    def into(self, persona: Persona) -> Persona:
        return replace(
            persona,
            aliases=aliases_typed(self.aliases),
            instruction=self.instruction,
            greeting=greeting_typed(self.greeting),
        )


class PersonaForm(Form):
    """`persona` has the fields that are not written here; `written` is what the form shows at first, `opener`
    the buttons of which one has opened it again."""

    def __init__(
        self, persona: Persona, written: Written, keep: Keep, opener: discord.ui.View | None = None
    ) -> None:
        super().__init__(title=wording.form_title(persona.name))
        self._opener = opener
        self._persona = persona
        self._keep = keep
        self._aliases = _text(written.aliases, ALIASES_MAX * (NAME_MAX + 2), required=False)
        self._instruction = _text(written.instruction, INSTRUCTION_MAX, long=True)
        self._greeting = _text(written.greeting, GREETING_MAX, long=True, required=False)
        for field, hint, box in (
            ("instruction", wording.INSTRUCTION_HINT, self._instruction),
            ("aliases", wording.ALIASES_HINT, self._aliases),
            ("greeting", wording.GREETING_HINT, self._greeting),
        ):
            self.add_item(Label(text=LABELS[field], description=hint, component=box))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        if self._opener is not None:
            self._opener.stop()
        reply = await acknowledge(interaction)
        written = Written(self._aliases.value, self._instruction.value, self._greeting.value)
        try:
            text = await self._keep(interaction, written.into(self._persona))
        except ParleyError as error:
            again = partial(PersonaForm, self._persona, written, self._keep)
            await reply.say(error.sentence, GoOn(again, reply))
        else:
            await reply.tell(text)


class GoOn(Buttons):
    """Under the sentence that says what is wrong: the form again, with all that was written."""

    def __init__(self, form: Callable[[GoOn], PersonaForm], offer: Reply) -> None:
        super().__init__(timeout=OPEN_S)
        self._form = form
        self._offer = offer

    @discord.ui.button(label=wording.GO_ON, style=discord.ButtonStyle.primary)
    async def go_on(self, interaction: discord.Interaction[Any], _: discord.ui.Button[GoOn]) -> None:
        await interaction.response.send_modal(self._form(self))

    async def on_timeout(self) -> None:
        await self._offer.say(wording.OUTDATED)


class ReallyDelete(Buttons):
    """Two buttons under the question. `delete` does it and says what to say then."""

    def __init__(self, delete: Callable[[discord.Interaction[Any]], Awaitable[str]], offer: Reply) -> None:
        super().__init__(timeout=OPEN_S)
        self._delete = delete
        self._offer = offer

    @discord.ui.button(label=wording.DELETE, style=discord.ButtonStyle.danger)
    async def delete(self, interaction: discord.Interaction[Any], _: discord.ui.Button[ReallyDelete]) -> None:
        self.stop()
        reply = await acknowledge(interaction)
        await reply.say(await self._delete(interaction))

    @discord.ui.button(label=wording.KEEP, style=discord.ButtonStyle.secondary)
    async def keep(self, interaction: discord.Interaction[Any], _: discord.ui.Button[ReallyDelete]) -> None:
        self.stop()
        reply = await acknowledge(interaction)
        await reply.say(wording.KEPT)

    async def on_timeout(self) -> None:
        await self._offer.say(wording.OUTDATED)


def _text(shown: str, limit: int, *, long: bool = False, required: bool = True) -> TextInput[Any]:
    """`.env` may hold a longer instruction than a form takes."""
    style = discord.TextStyle.paragraph if long else discord.TextStyle.short
    return TextInput(style=style, default=shown[:limit] or None, required=required, max_length=limit)
