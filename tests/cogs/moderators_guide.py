"""What the bot says, for docs/moderators.md: a name → the words, rendered by the code that sends them.

``python -m tests.cogs.moderators_guide`` writes them into the guide anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from discord import AppCommandOptionType, app_commands

from bot.guilds import GuildSettings
from bot.personas import presets
from bot.settings import Settings
from bot.store.rows import AuditEntry, PersonaVersion
from bot.tools import authority, confirmation, undo
from bot.tools.guild import GUILD_TOOLS
from bot.tools.guild.reminders import reminder_tools
from bot.tools.leave import LEAVE_CHANNEL
from bot.tools.policy import Policy, resolve
from bot.tools.question import Pressed, Question, State
from bot.tools.registry import INVOCATION_CONDITION, Need, Standing, Tool
from bot.tools.search import GOOGLE_SEARCH
from bot.tools.who import WHO_IS_SPEAKING
from bot.turns.floor import Mode
from cogs import confirmations_wording as questions
from cogs import floor_wording, persona_wording, presence_wording, wording
from cogs import settings_wording as settings
from cogs import tools_wording as tools
from cogs.conversation import Conversation
from cogs.floor import FloorCog
from cogs.persona import PersonaCog
from cogs.presence import PresenceCog
from cogs.settings import SettingsCog
from cogs.tools import ToolsCog

GUIDE = Path(__file__).parents[2] / "docs" / "moderators.md"

PLACE = re.compile(r"<!-- bot: (?P<name>[\w. ]+) -->\n````text\n(?P<words>.*?)\n?````\n", re.DOTALL)
"""Where the guide quotes the bot."""

ANA, BEN, MO = "<@Ana>", "<@Ben>", "<@Mo>"
LOUNGE, WORKSHOP = "<#Lounge>", "<#Workshop>"
SOON = "<t:1788264120:R>"
AT = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
NO_REMINDERS: Any = None
"""Their tools are described without being run."""
COGS = (Conversation, PresenceCog, FloorCog, SettingsCog, ToolsCog, PersonaCog)


def said() -> dict[str, str]:
    """Every quotation of the guide."""
    return {
        **{f"commands.{name}": lines for name, lines in _commands().items()},
        **_members(),
        **_settings(),
        **_tools(),
        **_questions(),
        **_personas(),
    }


def rendered(guide: str, words: dict[str, str]) -> str:
    """`guide` with every quotation as the bot says it now. KeyError for one that it does not say."""
    return PLACE.sub(
        lambda place: f"<!-- bot: {place['name']} -->\n````text\n{words[place['name']]}\n````\n", guide
    )


# --- the commands ---


def every_command() -> dict[str, app_commands.Command[Any, ..., Any]]:
    """By the words that one types: ``tools list``."""
    found = {}
    for cog in COGS:
        for command in cog.__cog_app_commands__:
            inner = command.commands if isinstance(command, app_commands.Group) else [command]
            found |= {each.qualified_name: each for each in inner}
    return found  # type: ignore[return-value]


def _commands() -> dict[str, str]:
    """Of each command, or group of them: what one types, and what Discord shows beside it."""
    lines: dict[str, list[str]] = {}
    for name, command in every_command().items():
        options = " ".join(_option(option) for option in command.parameters)
        lines.setdefault(name.split()[0], []).append(
            f"/{name} {options}".rstrip() + f"\n    {command.description}"
        )
    return {name: "\n".join(each) for name, each in lines.items()}


def _option(option: app_commands.Parameter) -> str:
    shown = option.display_name
    if option.type is AppCommandOptionType.attachment:
        shown += " (a file)"
    return shown if option.required else f"[{shown}]"


# --- the members' commands ---


def _members() -> dict[str, str]:
    return {
        "only for": _lines(wording.only_for([1]), {"<@&1>": "<@&Regulars>"}),
        "hushed": presence_wording.hushed(10, ANA),
        "floor": floor_wording.rules(GuildSettings(mode=Mode.NAMED)),
        "floor refused": floor_wording.NOT_YOURS_TO_SET,
        "floor free": floor_wording.FREE,
        "floor held": floor_wording.held(ANA, SOON),
        "autojoin none": presence_wording.autojoin([]),
        "autojoin on": presence_wording.autojoin_on(LOUNGE, None),
        "autojoin off": presence_wording.autojoin_off(LOUNGE),
    }


# --- /settings ---


def _settings() -> dict[str, str]:
    fields = Settings.model_fields
    chosen = GuildSettings(
        greeting=fields["parley_greeting"].default,
        goodbye=fields["parley_goodbye"].default,
        alone_s=fields["parley_alone_s"].default,
    )
    changed = GuildSettings(
        mode=Mode.OPEN,
        nudge_s=90.0,
        language="de",
        model="gemini-3.8-live-extended-thinking",
        member_roles=frozenset({1}),
        moderator_roles=frozenset({2}),
    )
    roles = {"<@&1>": "<@&Regulars>", "<@&2>": "<@&Crew>"}
    labels = {
        "addressing": [settings.MODE_LABEL, settings.INTERRUPT_LABEL, settings.FOLLOW_UP_LABEL],
        "greeting": [
            f"{settings.GREETING_LABEL}\n    {settings.GREETING_HINT}",
            f"{settings.GOODBYE_LABEL}\n    {settings.GOODBYE_HINT}",
        ],
        "waiting": [
            f"{settings.ALONE_LABEL}\n    {settings.ALONE_HINT}",
            f"{settings.NUDGE_LABEL}\n    {settings.NUDGE_HINT}",
        ],
        "autojoin": [f"{settings.AUTOJOIN_LABEL}\n    {settings.AUTOJOIN_HINT}"],
        "language": [f"{settings.LANGUAGE_LABEL}\n    {settings.LANGUAGE_HINT}"],
        "model": [f"{settings.MODEL_LABEL}\n    {settings.MODEL_HINT}"],
        "who": [
            f"{settings.MEMBERS_LABEL}\n    {settings.MEMBERS_HINT}",
            f"{settings.MODERATORS_LABEL}\n    {settings.MODERATORS_HINT}",
        ],
    }
    return {
        "settings": settings.panel(chosen, []),
        "settings changed": _lines(settings.panel(changed, [LOUNGE, WORKSHOP]), roles),
        "settings refused": settings.NOT_YOURS_TO_SEE,
        "settings appoint": settings.NOT_YOURS_TO_APPOINT,
        "settings in discord": settings.ALSO_IN_DISCORD,
        "settings seconds": settings.not_seconds(settings.ALONE_LABEL, "soon", settings.SECONDS_AT_MOST),
        "settings language": settings.no_language("Klingon"),
        **{f"settings form {name}": "\n".join(each) for name, each in labels.items()},
        "modes": "\n".join(f"{mode.value}: {text}" for mode, text in floor_wording.MODES.items()),
        "interrupts": "\n".join(floor_wording.INTERRUPTS.values()),
    }


# --- /tools ---


async def _nothing(*_: Any) -> dict[str, Any]:
    return {}


def _tool(name: str, group: str, summary: str, *, changes: bool = False) -> Tool:
    return Tool(name, INVOCATION_CONDITION, _nothing, group=group, summary=summary, changes=changes)


def _tools() -> dict[str, str]:
    move = _tool("move_member", "voice", "Moves a member into another voice channel.", changes=True)
    dice = _tool("roll_dice", "chance", "Rolls dice.")
    entry = AuditEntry(
        guild_id=0,
        channel_id=1,
        at=AT,
        tool="move_member",
        asked_by=(1,),
        how="voice",
        outcome="undone",
        arguments={"member": "Ben", "channel": "Workshop"},
    )
    denied = AuditEntry(
        guild_id=0,
        channel_id=1,
        at=AT,
        tool="move_member",
        asked_by=(1,),
        how="voice",
        outcome="denied",
        arguments=None,
        result=None,
    )
    names = {"<@1>": ANA, "<#1>": LOUNGE, "<@&1>": "<@&Crew>"}
    page = tools.pages([(move, Policy(roles=frozenset({1}))), (dice, Policy(enabled=False, per_minute=5))])
    return {
        "tools list": _lines("\n".join([tools.heading(LOUNGE), *page, tools.page_of(0, 1)]), names),
        "tools all": _every_tool(),
        "tools enable": tools.enabled("roll_dice", tools.SERVER),
        "tools disable": tools.disabled("group:voice", LOUNGE),
        "tools except": tools.except_for(["roll_dice"], LOUNGE),
        "tools who": _lines(tools.who("move_member", tools.SERVER, [1]), names),
        "tools who form": f"{tools.ROLES_LABEL}\n    {tools.ROLES_HINT}",
        "tools confirm": "\n".join(
            tools.confirm("post_message", tools.SERVER, when) for when in tools.CONFIRMS
        ),
        "tools limit": tools.limit("group:messages", tools.SERVER, 3),
        "tools try": tools.tried("roll_dice", {"status": "ok", "total": 7}),
        "tools try wrong": tools.not_json('{"dice": 1}'),
        "tools log": _lines(f"{tools.entry(entry)}\n\n{tools.entry(denied)}", names),
        "tools log empty": tools.NOTHING_LOGGED,
        "tools refused": tools.NOT_YOURS_TO_SET,
        "tools unknown": tools.unknown("rol_dice", ["roll_dice"]),
        "tools channel": tools.WHICH_CHANNEL,
    }


def _every_tool() -> str:
    """As the list has them where nobody has said anything."""
    there = (LEAVE_CHANNEL, WHO_IS_SPEAKING, GOOGLE_SEARCH, *GUILD_TOOLS, *reminder_tools(NO_REMINDERS))
    return "\n\n".join(tools.pages([(tool, resolve(tool, [])) for tool in there]))


# --- the questions ---


def _questions() -> dict[str, str]:
    asked = Question(
        id=1,
        guild_id=0,
        channel_id=1,
        tool="move_member",
        summary="Moves a member into another voice channel.",
        arguments={"member": "Ben", "channel": "Workshop"},
        asked_by=(1,),
        permissions=(authority.title("move_members"),),
        roles=frozenset(),
        concerns=(),
        expires_in_s=confirmation.CONFIRM_S,
        can_be_undone=True,
    )
    outcomes = {
        "done": Pressed(State.DONE, confirmation.DONE),
        "refused": Pressed(State.REFUSED, confirmation.REFUSED),
        "undone": Pressed(State.UNDONE, undo.UNDONE),
    }
    return {
        "question": _lines(questions.question(asked, [BEN, WORKSHOP], SOON), {"<@1>": ANA}),
        **{f"question {name}": questions.outcome(pressed, MO) for name, pressed in outcomes.items()},
        "question expired": questions.EXPIRED,
        "question late": confirmation.LATE,
        "question too late": undo.TOO_LATE,
        "denied": _denied("Ana"),
        "denied myself": _denied("Parley"),
        "denied unknown": authority.UNKNOWN,
    }


def _denied(who: str) -> str:
    """What is said where `who` lacks the right to move members."""

    def standing(user_id: int, channel_id: int | None = None) -> Standing:
        name = {1: "Ana", 2: "Parley"}[user_id]
        return Standing(name=name, permissions=frozenset() if name == who else frozenset({"move_members"}))

    rights: Any = SimpleNamespace(bot_id=2, standing=standing)
    asked = authority.Asked((1,), clear=True)
    verdict = authority.decide([Need(frozenset({"move_members"}))], asked, rights, Policy(), changes=True)
    assert isinstance(verdict, authority.Denied)
    return verdict.sentence


# --- /persona ---


def _personas() -> dict[str, str]:
    given = presets()
    first, second = given[0], given[1]
    version = PersonaVersion(
        guild_id=0, name=first.name, version=1, persona=first, changed_by=1, changed_at=AT
    )
    return {
        "persona list": persona_wording.listed(given, [], second.name, first.name, LOUNGE),
        "persona use": persona_wording.in_use(second.name, LOUNGE, live=True),
        "persona own": persona_wording.keeps_its_own(LOUNGE, second.name),
        "persona created": persona_wording.created("Nova"),
        "persona delete": persona_wording.really_delete("Nova", comes_back=False),
        "persona deleted": persona_wording.deleted("Nova", comes_back=False),
        "persona rollback": persona_wording.rolled_back("Nova", 1, live=True),
        "persona exported": persona_wording.exported("Nova"),
        "persona imported": persona_wording.imported("Nova"),
        "persona refused": persona_wording.NOT_YOURS_TO_SET,
        "persona unknown": persona_wording.unknown("Nva", [first.name, second.name]),
        "persona history": _lines(persona_wording.history([version], None, None), {"<@1>": MO}),
        "persona told": f"{persona_wording.TOLD}\n{persona_wording.TOLD_IN_FILE}",
        "persona preview": persona_wording.heard_in(LOUNGE, "Good evening, what shall we play?"),
    }


def _lines(text: str, names: dict[str, str]) -> str:
    """Ids as Discord shows them: by name."""
    for mark, name in names.items():
        text = text.replace(mark, name)
    return text


def quoted(guide: str) -> Iterable[tuple[str, str]]:
    """Name and words of each quotation."""
    return ((place["name"], place["words"]) for place in PLACE.finditer(guide))


if __name__ == "__main__":
    GUIDE.write_text(rendered(GUIDE.read_text(), said()))
