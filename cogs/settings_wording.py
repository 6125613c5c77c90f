"""The sentences of `/settings`: how it is, in a few lines, and the labels of what changes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.guilds import GuildSettings
from bot.languages import LANGUAGES
from cogs import floor_wording
from cogs.confirmations_wording import plain

TITLE = "**How I behave in this server**"
PERSONA_FIRST = "A persona in use goes before this where it says otherwise: `/persona show`."

NOT_YOURS_TO_SEE = (
    "Only members with **Move Members**, **Manage Channels** or **Manage Server**, or with a role named for "
    "it here, can see and change my settings."
)
NOT_YOURS_TO_APPOINT = (
    "Only members with **Manage Server** can say who may use me. Ask one of them; the rest of the settings "
    "is yours."
)
ALSO_IN_DISCORD = (
    "Discord itself shows `/persona`, `/tools` and `/settings` to members with **Move Members** only. Roles "
    "without it have to be added under Server Settings → Integrations → Parley."
)

# The buttons, and the forms behind them.
ADDRESSING, GREETING, WAITING = "Whom I answer", "Greeting", "When I leave"
AUTOJOIN, LANGUAGE, MODEL = "Where I come", "Language", "Model"
WHO = "Who may use me"

# Labels within the forms: up to 45 characters, what explains them up to 100.
MODE_LABEL = "Whom I answer"
INTERRUPT_LABEL = "Who may interrupt me"
FOLLOW_UP_LABEL = "Seconds in which a follow-up needs no name"
GREETING_LABEL, GREETING_HINT = "What I do on joining", "As you would ask me. Empty: I wait to be spoken to."
GOODBYE_LABEL, GOODBYE_HINT = "What I do before leaving", "As you would ask me. Empty: I leave at once."
ALONE_LABEL, ALONE_HINT = "Seconds alone until I leave", "Empty: I stay."
NUDGE_LABEL = "Seconds of silence until I speak up"
NUDGE_HINT = "I ask once whether I can help. Empty: I wait, however long."
AUTOJOIN_LABEL, AUTOJOIN_HINT = (
    "Channels I come into by myself",
    "When people come and I am free. Empty: none.",
)
LANGUAGE_LABEL = "The language I speak"
LANGUAGE_HINT = "Its English name or its code, such as pt-BR. Empty: the one I am spoken to in."
MODEL_LABEL, MODEL_HINT = (
    "The model that answers",
    "They differ in price, in speed, and in how well they think.",
)
AS_CONFIGURED = "As the person who runs me has chosen"
MEMBERS_LABEL = "Who may call, hush and dismiss me"
MEMBERS_HINT = "Members with one of these roles, and moderators. Empty: everybody."
MODERATORS_LABEL = "Who may set me up"
MODERATORS_HINT = "Members with one of these roles, besides those with the permissions."

SECONDS_AT_MOST = 86_400
PROMPT_MAX = 300
ROLES_AT_MOST = 10
SHOWN = 5
"""Mentions of a kind. A message has 2000 characters, a mention takes up to 23 of them."""
_PROMPT_SHOWN = 100


def panel(settings: GuildSettings, channels: Sequence[str]) -> str:
    """How it is now. `channels`: mentions of the voice channels into which the bot comes by itself."""
    return "\n".join(
        [
            TITLE,
            floor_wording.rules(settings),
            _greeting(settings.greeting),
            _goodbye(settings.goodbye),
            _alone(settings.alone_s),
            _nudge(settings.nudge_s),
            _autojoin(channels),
            _language(settings.language),
            _model(settings.model),
            _members(settings.member_roles),
            _moderators(settings.moderator_roles),
            PERSONA_FIRST,
        ]
    )


def not_seconds(label: str, typed: str, limit: int) -> str:
    """`label` is that of the field, `typed` what somebody wrote into it."""
    return (
        f"“{_short(typed)}” cannot be. Press the button again and write a number from 0 to {limit:,} under "
        f"“{label}”, or nothing."
    )


def no_language(typed: str) -> str:
    return (
        f"I know no language called “{_short(typed)}”. Press the button again and write its English name, "
        "such as German, or its code, such as `de`."
    )


def _greeting(prompt: str | None) -> str:
    return (
        f"On joining: “{_short(prompt)}”" if prompt else "On joining I say nothing and wait to be spoken to."
    )


def _goodbye(prompt: str | None) -> str:
    return f"Before leaving: “{_short(prompt)}”" if prompt else "I leave without a word."


def _alone(seconds: float | None) -> str:
    return "I stay when I am alone." if seconds is None else f"I leave after {_duration(seconds)} alone."


def _nudge(seconds: float | None) -> str:
    if seconds is None:
        return "However long nobody speaks, I wait."
    return f"After {_duration(seconds)} in which nobody speaks I ask whether I can help."


def _autojoin(channels: Sequence[str]) -> str:
    return f"I come by myself into {_listed(channels)}." if channels else "I come only when called."


def _language(code: str | None) -> str:
    if code is None:
        return "Language: the one I am spoken to in."
    return f"Language: **{LANGUAGES.get(code, code)}** (`{code}`)."


def _model(model: str | None) -> str:
    return f"Model: {f'`{model}`' if model else _lower(AS_CONFIGURED)}."


def _members(roles: Iterable[int]) -> str:
    mentions = _roles(roles)
    whom = f"members with {_listed(mentions)}, and moderators" if mentions else "everybody"
    return f"Who may call, hush and dismiss me: {whom}."


def _moderators(roles: Iterable[int]) -> str:
    mentions = _roles(roles)
    besides = f", and those with {_listed(mentions)}" if mentions else ""
    return (
        "Who may set me up: members with **Move Members**, **Manage Channels** or **Manage Server**"
        f"{besides}."
    )


def _roles(roles: Iterable[int]) -> list[str]:
    return [f"<@&{role_id}>" for role_id in sorted(roles)]


def _listed(mentions: Sequence[str]) -> str:
    more = f" and {len(mentions) - SHOWN} more" if len(mentions) > SHOWN else ""
    return ", ".join(mentions[:SHOWN]) + more


def _duration(seconds: float) -> str:
    """``90`` is ``1 min 30 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(filter(None, parts)) or "0 s"


def _short(text: str) -> str:
    """On one line, without what Discord would show as something else than text."""
    return plain(text, _PROMPT_SHOWN)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
