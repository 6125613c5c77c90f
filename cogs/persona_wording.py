"""The sentences of `/persona`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import discord

from bot.persona_rules import ALIASES_MAX
from bot.store.rows import Persona, PersonaVersion
from cogs.persona_diff import changed_fields, difference
from cogs.persona_fields import LABELS, OFF, shown
from cogs.wording import SHOWN_MAX

NAMES_SHOWN = 20
VERSIONS_SHOWN = 10
_GIST_MAX = 90
_TYPED_SHOWN = 60

NOT_YOURS_TO_SET = (
    "Only members with **Move Members**, **Manage Channels** or **Manage Server**, or with a role named in "
    "`/settings`, can do this. `/persona list` and `/persona show` are for everybody."
)
WHICH_CHANNEL = (
    "Which channel? Neither you nor I are in a voice channel. Name one: `/persona use channel:`, or choose "
    "the whole server: `/persona use scope:`."
)
UNCHANGED = "Nothing has changed."
GO_ON = "Go on writing"
DELETE, KEEP = "Delete it", "Keep it"
KEPT = "Nothing was deleted."
OUTDATED = "This is no longer open. Type the command again."
ALIASES_HINT = f"At most {ALIASES_MAX}, with commas between. I answer to these, too."
GREETING_HINT = f"What I am asked to do when I join. Empty: as the server has it. {OFF}: I wait."
INSTRUCTION_HINT = "Who I am, how I talk, what I do and what not. About 1,000 characters are enough."
PREVIEW_BUSY = "One preview at a time, please. The last one is still being made."
FILE_TOO_LARGE = "That is no persona: its file is larger than 16 kB. Attach one made by `/persona export`."
FILE_LOST = "I could not fetch that file from Discord. Attach it again."

EVERYWHERE = "the whole server"
HERE = "this channel"


def unknown(name: str, known: Sequence[str]) -> str:
    more = f" and {len(known) - NAMES_SHOWN} more" if len(known) > NAMES_SHOWN else ""
    there = ", ".join(map(_plain, known[:NAMES_SHOWN])) + more
    return f"There is no persona called “{_typed(name)}”. There are: {there}."


def taken(name: str) -> str:
    return f"There is a persona called {_plain(name)} already. `/persona edit` changes it."


def form_title(name: str) -> str:
    """At most 45 characters, as Discord has it; a name has up to 32."""
    return f"Persona: {name}"


# --- looking ---


def listed(
    personas: Sequence[Persona], own: Sequence[str], in_use: str, everywhere: str, here: str | None
) -> str:
    """All there are, one a line. `own`: names of those that this server made or changed; `here`: the mention
    of the channel in which `in_use` is used."""
    lines = []
    for persona in personas:
        marks = []
        if persona.name == in_use and here is not None:
            marks.append(f"in use in {here}")
        if persona.name == everywhere:
            marks.append("the server's")
        if persona.name in own:
            marks.append("your own")
        mark = f" ({', '.join(marks)})" if marks else ""
        lines.append(f"**{_plain(persona.name)}**{mark} · {persona.voice} · {_gist(persona)}")
    lines.append("`/persona show` tells more, `/persona use` puts one in use.")
    return "\n".join(lines)


def described(persona: Persona, origin: str) -> str:
    """Every field but the instruction, which follows in full with what is added to it."""
    lines = [f"**{_plain(persona.name)}** · {origin}"]
    for field, label in LABELS.items():
        if field not in ("name", "instruction"):
            lines.append(f"{label}: {_plain(shown(field, getattr(persona, field)))}")
    return "\n".join(lines)


MADE_HERE = "made in this server"
CHANGED_HERE = "comes with me, changed in this server"
COMES_WITH_ME = "comes with me"

TOLD = "This is what Google Gemini is told, word for word:"
TOLD_IN_FILE = "What Google Gemini is told, word for word, is in the file."


def with_told(head: str, told: str) -> str | None:
    """Both in one message; None: only a file can show it unchanged."""
    text = f"{head}\n\n{TOLD}\n```\n{told}\n```"
    return text if "```" not in told and len(text) <= SHOWN_MAX else None


# --- using ---


def in_use(name: str, where: str, *, live: bool) -> str:
    when = "From the next quiet moment on I am" if live else "From now on I am"
    return f"{when} **{_plain(name)}** in {where}."


def choice_dropped(where: str, name: str, *, live: bool) -> str:
    return f"No persona is chosen for {where} any more. {in_use(name, where, live=live)}"


def keeps_its_own(channel: str, name: str) -> str:
    """After a choice for the whole server."""
    return (
        f"{channel} keeps its own: **{_plain(name)}**. `/persona use` there without a name takes that back."
    )


# --- changing ---


def created(name: str) -> str:
    return f"**{_plain(name)}** is made. `/persona preview` lets you hear it, `/persona use` puts it in use."


def edited(name: str, version: int, undo: str, change: str, *, live: bool) -> str:
    now = " It holds from the next quiet moment on." if live else ""
    return f"**{_plain(name)}** is changed (version {version}).{now} {undo}\n{change}"


def undo_by_rollback(version: int) -> str:
    return f"`/persona rollback` brings back version {version}."


UNDO_BY_DELETION = "`/persona delete` makes it again as it came with me."


def really_delete(name: str, *, comes_back: bool) -> str:
    what = (
        "Your changes go, what comes with me stays. `/persona rollback` can bring them back."
        if comes_back
        else "It goes for everybody in this server. `/persona rollback` can bring it back."
    )
    return f"Delete **{_plain(name)}**? {what}"


def not_yours_to_delete(name: str) -> str:
    return f"{_plain(name)} comes with me and cannot be deleted, only changed: `/persona edit`."


def deleted(name: str, *, comes_back: bool) -> str:
    now = "It is again as it came with me." if comes_back else "It is gone."
    return f"{now} `/persona rollback name:{_plain(name)}` brings yours back."


# --- versions ---


def no_history(name: str) -> str:
    return f"**{_plain(name)}** is as it came with me: nobody has changed it here."


def history(versions: Sequence[PersonaVersion], origin: Persona | None, chosen: int | None) -> str:
    """The versions, newest first, and what one of them (else the newest) has changed."""
    before = _before(versions, origin)
    lines = [_version_line(version, before[version.version]) for version in versions[:VERSIONS_SHOWN]]
    if len(versions) > VERSIONS_SHOWN:
        lines.append(f"… and {len(versions) - VERSIONS_SHOWN} older ones.")
    looked_at = next((each for each in versions if each.version == chosen), versions[0])
    change = difference(before[looked_at.version], looked_at.persona) or UNCHANGED
    return "\n".join([*lines, f"\nWhat version {looked_at.version} changed:", change])


def no_such_version(name: str, version: int) -> str:
    return f"**{_typed(name)}** has no version {version} that I could bring back. See `/persona history`."


def rolled_back(name: str, version: int, *, live: bool) -> str:
    now = ", from the next quiet moment on" if live else ""
    return f"**{_plain(name)}** is again as in version {version}{now}."


def version_choice(version: PersonaVersion) -> str:
    """In the suggestions; at most 100 characters."""
    what = "deleted" if version.persona is None else version.changed_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"Version {version.version} · {what}"


def _before(versions: Sequence[PersonaVersion], origin: Persona | None) -> Mapping[int, Persona | None]:
    """What each version took the place of."""
    older = [*(version.persona or origin for version in versions[1:]), origin]
    return {version.version: persona for version, persona in zip(versions, older, strict=True)}


def _version_line(version: PersonaVersion, before: Persona | None) -> str:
    if version.persona is None:
        what = "deleted"
    elif before is None:
        what = "made"
    else:
        fields = [LABELS[field].lower() for field in changed_fields(before, version.persona)]
        what = ", ".join(fields) or "nothing"
    return f"**{version.version}** · {_at(version.changed_at)} · <@{version.changed_by}> · {what}"


# --- hearing and files ---


def heard_in(channel: str, words: str) -> str:
    return f"Listen: I say it in {channel}.{_quoted(words)}"


def heard_from_file(words: str) -> str:
    return f"This is how it sounds.{_quoted(words)}"


def exported(name: str) -> str:
    return f"**{_plain(name)}** as a file. Change it in any editor; `/persona import` reads it."


def imported(name: str) -> str:
    return f"**{_plain(name)}** is read from the file. `/persona use` puts it in use."


def not_imported(problem: str) -> str:
    return f"Nothing was changed: the file is not right. {problem}"


def _quoted(words: str) -> str:
    return f"\n> {_plain(' '.join(words.split()))}" if words else ""


def _gist(persona: Persona) -> str:
    words = " ".join(persona.instruction.split())
    gist = words.partition(". ")[0].rstrip(".") + "."
    return _plain(gist if len(gist) <= _GIST_MAX else gist[: _GIST_MAX - 1].rstrip() + "…")


def _typed(name: str) -> str:
    """What somebody wrote, who may write 6,000 characters."""
    return _plain(name.strip() if len(name) <= _TYPED_SHOWN else name[: _TYPED_SHOWN - 1] + "…")


def _at(moment: datetime) -> str:
    return discord.utils.format_dt(moment, "f")


def _plain(text: str) -> str:
    """Text by somebody, without effect in a message."""
    return discord.utils.escape_mentions(discord.utils.escape_markdown(text))
