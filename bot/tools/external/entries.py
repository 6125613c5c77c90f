"""What one table of `tools.toml` may say, and in what form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from bot.tools.registry import INVOCATION_CONDITION, Confirm

ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,15}$")]
"""Without underscores, so that what stands before the first one in a tool's name is the server."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]

_PERMISSIONS = """
create_instant_invite kick_members ban_members administrator manage_channels manage_guild add_reactions
view_audit_log priority_speaker stream view_channel send_messages send_tts_messages manage_messages
embed_links attach_files read_message_history mention_everyone use_external_emojis view_guild_insights
connect speak mute_members deafen_members move_members use_voice_activation change_nickname
manage_nicknames manage_roles manage_webhooks manage_expressions use_application_commands
request_to_speak manage_events manage_threads create_public_threads create_private_threads
use_external_stickers send_messages_in_threads use_embedded_activities moderate_members
view_creator_monetization_analytics use_soundboard create_expressions create_events use_external_sounds
send_voice_messages send_polls use_external_apps pin_messages bypass_slowmode set_voice_channel_status
"""
PERMISSIONS = frozenset(_PERMISSIONS.split())
"""Discord API docs, "Bitwise Permission Flags", in lower case, Use Voice Activity as discord.py spells it."""

_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te", "upgrade"}


class _Entry(BaseModel):
    # The values may be secrets that somebody put into the wrong place.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    headers: dict[str, str] = {}
    who: list[str] = []
    """Discord permissions that everybody who asks must have."""
    enabled: bool = True
    confirm: Confirm = "changes"
    """When somebody has to press a button first; what moderators say counts for more, as with `enabled`."""

    @field_validator("headers")
    @classmethod
    def _no_framing(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if not name.isascii() or not all(char.isalnum() or char in "-_." for char in name) or not name:
                raise ValueError(f"{name!r} is no name of a header")
            if name.lower() in _OURS:
                raise ValueError(f"{name} is not for a file to set")
        return headers

    @field_validator("who")
    @classmethod
    def _permissions(cls, who: list[str]) -> list[str]:
        for name in who:
            if name not in PERMISSIONS:
                raise ValueError(f"{name!r} is no permission of Discord's; write it like move_members")
        return who


class HttpEntry(_Entry):
    """`[[http]]`: one tool, one request."""

    name: ToolName
    description: Words
    condition: Words
    url: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    query: dict[str, str] = {}
    body: dict[str, Any] | None = Field(None, alias="json")
    parameters: dict[str, Any] = {}
    result: str = ""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    max_bytes: Annotated[int, Field(ge=256, le=1_048_576)] = 65_536
    changes: bool | None = None
    """Not said: everything but GET does."""
    group: ToolName = "external"

    @field_validator("description", "condition")
    @classmethod
    def _one_condition(cls, words: str) -> str:
        if INVOCATION_CONDITION.lower() in words.lower():
            raise ValueError(f"leave out {INVOCATION_CONDITION!r}, which is put before the condition")
        return words

    @model_validator(mode="after")
    def _no_body_to_get(self) -> HttpEntry:
        if self.method == "GET" and self.body is not None:
            raise ValueError("a GET has no json; use query, or another method")
        return self


class McpEntry(_Entry):
    """`[[mcp]]`: a server with tools. It is started by `command`, or reached at `url`."""

    name: ServerName
    condition: Words
    allow: Annotated[list[str], Field(min_length=1)]
    """Patterns (``get_*``) of the tools that are offered."""
    command: Annotated[str, Field(min_length=1)] | None = None
    args: list[str] = []
    env: list[str] = []
    """Variables of the environment that it is given, beside PATH, HOME and the like."""
    url: str | None = None
    reads: list[str] = []
    """Patterns of the tools that change nothing; of the others it is taken that they do."""
    descriptions: dict[str, Words] = {}
    """Said of a tool in place of what the server says."""
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 20.0

    @model_validator(mode="after")
    def _one_way(self) -> McpEntry:
        if (self.command is None) == (self.url is None):
            raise ValueError("give either command (a program to start) or url (a server to reach)")
        if self.command is None and (self.args or self.env):
            raise ValueError("args and env belong to a command")
        if self.url is None and self.headers:
            raise ValueError("headers belong to a url")
        return self
