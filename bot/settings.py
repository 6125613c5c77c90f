"""Every setting, its default and its bounds; the only place that reads the environment and `.env`.

All problems are reported at once, one line each, naming the variable; values are never repeated, since any
of them may be a secret put on the wrong line.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError

ENV_FILE = Path(".env")
TOOLS_FILE = Path("tools.toml")

SECRET_CHARACTERS = 8
"""Of a database's password, to be taken out of the log: without "bot" or "parley" nobody could read it."""

DEFAULT_INSTRUCTION = (
    "You are Parley, a friendly companion in a Discord voice channel. Several people may be in the channel; "
    "treat each of them as a person of their own. Speak naturally and keep answers short, two or three "
    "sentences, unless somebody asks for more. Answer in the language in which you were spoken to."
)


class Settings(BaseSettings):
    """What a person may set. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    discord_token: SecretStr = Field(
        description="The bot's token: Discord developer portal, your application, Bot."
    )
    gemini_api_key: SecretStr = Field(
        validation_alias=AliasChoices("gemini_api_key", "google_api_key"),
        description="Key of the Gemini API, from Google AI Studio. GOOGLE_API_KEY is accepted too.",
    )
    gemini_model: str = Field("gemini-3.8-live", description="A Live model; see bot/live/models.py.")
    gemini_voice: str = Field("Puck", description="One of the 30 prebuilt voices of the Live API.")

    gemini_compression_trigger: int = Field(
        12_000,
        ge=5_000,
        le=128_000,
        description="Tokens of context at which the oldest are dropped; every turn bills them all again.",
    )
    gemini_compression_target: int = Field(
        6_000, ge=0, le=128_000, description="Tokens that are left then; less than the trigger."
    )

    parley_instruction: str = Field(DEFAULT_INSTRUCTION, description="Who the bot is and how it talks.")
    parley_aliases: str = Field(
        "",
        description="Other names it answers to, with commas between; its name in the server always counts.",
    )
    parley_addressing: Literal["open", "auto", "named", "push", "host"] = Field(
        "auto",
        description="Whom it answers. open: all; auto: one person alone, several by name; see /floor.",
    )
    parley_follow_up_s: float = Field(
        10.0,
        ge=0,
        le=120,
        description="Seconds after an answer in which the same person need not say the name.",
    )
    parley_interrupt: Literal["everyone", "asker", "hosts", "nobody"] = Field(
        "everyone", description="Who may interrupt it while it speaks."
    )
    parley_greeting: str = Field(
        "Greet the people in the channel in one short sentence and say your name.",
        description="What it is asked to do when it has joined; off: it waits to be spoken to.",
    )
    parley_goodbye: str = Field(
        "Say goodbye in one very short sentence.",
        description="What it is asked to do before it leaves; off: it leaves at once.",
    )
    parley_alone_s: float = Field(
        120.0, ge=0, le=86_400, description="Leaves after so many seconds alone in the channel; 0: never."
    )
    parley_nudge_s: float = Field(
        0.0,
        ge=0,
        le=86_400,
        description="After so many seconds without a word it asks once whether it can help; 0: never.",
    )
    parley_turn_detection: Literal["local", "server"] = Field(
        "local",
        description="local: Parley decides when a turn begins and ends; server: the Live API does.",
    )
    parley_hangover_ms: int = Field(
        500, ge=200, le=3000, description="Silence that ends a turn. Google advises 500 to 800."
    )
    parley_preroll_ms: int = Field(
        250,
        ge=0,
        le=1000,
        description="Sound from before the onset that goes with a turn, so no first syllable is cut.",
    )
    parley_listen_to_bots: bool = Field(False, description="Hear other bots (music, soundboards) as people.")

    parley_log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
    parley_log_format: Literal["console", "json"] = Field("console", description="json: one object a line.")
    parley_database_url: str = Field(
        "sqlite:///parley.db",
        repr=False,  # may hold a password
        description="What outlives a restart is kept here: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    parley_tools_file: Path = Field(
        TOOLS_FILE,
        description="Tools of your own, if it is there: HTTP endpoints, MCP servers; see docs/tools.md.",
    )

    discord_api_base: str = Field("https://discord.com/api/v10", description="Discord's REST API.")
    discord_gateway_url: str = Field("wss://gateway.discord.gg", description="Discord's gateway.")
    parley_ca_file: Path | None = Field(None, description="PEM file of a CA to trust besides the system's.")
    gemini_api_base: str = Field("https://generativelanguage.googleapis.com", description="The Gemini API.")

    @field_validator("discord_token", "gemini_api_key")
    @classmethod
    def _one_word(cls, secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value().strip()
        if not value:
            raise ValueError("is empty")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("must be one word of plain characters, without quotes or spaces")
        return SecretStr(value)

    @field_validator(
        "parley_turn_detection",
        "parley_addressing",
        "parley_interrupt",
        "parley_log_level",
        "parley_log_format",
        mode="before",
    )
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("discord_api_base", "discord_gateway_url", "gemini_api_base")
    @classmethod
    def _address(cls, value: str, info: Any) -> str:
        schemes = ("ws://", "wss://") if info.field_name == "discord_gateway_url" else ("http://", "https://")
        if not value.startswith(schemes) or not value.split("://", 1)[1]:
            raise ValueError(f"must begin with {' or '.join(schemes)} and name a host")
        return value.rstrip("/")

    @field_validator("parley_database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        schemes = ("sqlite:///", "postgresql://", "postgres://")
        if not value.startswith(schemes) or not value.partition("://")[2].strip("/"):
            raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
        try:
            _ = urlsplit(value).port
        except ValueError:
            raise ValueError("names no host and port that could be") from None
        return value

    @field_validator("parley_ca_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("names a file that does not exist")
        return value

    @field_validator("parley_tools_file")
    @classmethod
    def _there(cls, value: Path) -> Path:
        if value != TOOLS_FILE and not value.is_file():
            raise ValueError("names a file that does not exist")
        return value

    @field_validator("gemini_compression_target")
    @classmethod
    def _below_the_trigger(cls, value: int, info: Any) -> int:
        if value >= info.data.get("gemini_compression_trigger", value + 1):
            raise ValueError("must be less than GEMINI_COMPRESSION_TRIGGER")
        return value

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names it answers to."""
        return tuple(filter(None, (name.strip() for name in self.parley_aliases.split(","))))

    @property
    def secrets(self) -> list[str]:
        """What must never appear in a log."""
        password = urlsplit(self.parley_database_url).password or ""
        if len(password) < SECRET_CHARACTERS:
            password = ""
        return [
            self.discord_token.get_secret_value(),
            self.gemini_api_key.get_secret_value(),
            *filter(None, {password, unquote(password)}),
        ]


def load(env_file: Path = ENV_FILE) -> Settings:
    """Settings from the environment, then `env_file` (the environment wins).

    Raises SettingsError whose text has one line per problem.
    """
    problems = _problems_of_file(env_file)
    if problems:
        raise SettingsError("\n".join(problems))
    try:
        return Settings(_env_file=env_file if env_file.exists() else None)  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(
            "\n".join(_sentence(e["loc"], e["type"], e["msg"]) for e in error.errors())
        ) from None


def environment(env_file: Path = ENV_FILE) -> dict[str, str]:
    """What a file may take values from: the variables of `env_file` and of the environment (which wins), but
    none of the settings here, whose secrets are nobody else's business."""
    found = {**dotenv_values(env_file), **os.environ}
    ours = {*names(), "GOOGLE_API_KEY"}
    return {name: value for name, value in found.items() if value is not None and name.upper() not in ours}


def names() -> list[str]:
    """All variables, in the order of .env.example."""
    return [name.upper() for name in Settings.model_fields]


def _problems_of_file(path: Path) -> list[str]:
    """What is wrong with the file as a file: not text, not NAME=value, or a name that is nearly ours."""
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError):
        return [f"{path} cannot be read as UTF-8 text. Write it anew from .env.example."]
    problems = []
    for binding in bindings:
        line = binding.original.line + _blank_lines_before(binding.original.string)
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{path}, line {line}: not NAME=value. Each setting stands on a line of its own.")
        elif binding.key is not None:
            problems.extend(_misspelt(path, line, binding.key))
    return problems


def _blank_lines_before(original: str) -> int:
    return len(original) - len(original.lstrip("\n"))


def _misspelt(path: Path, line: int, key: str) -> list[str]:
    known = [*names(), "GOOGLE_API_KEY"]
    if key.upper() in known:
        return []
    near = difflib.get_close_matches(key.upper(), known, n=1, cutoff=0.8)
    if near:
        return [f"{path}, line {line}: unknown setting {key}. Did you mean {near[0]}?"]
    if key.upper().startswith("PARLEY_"):
        return [f"{path}, line {line}: unknown setting {key}. See .env.example for all there are."]
    return []


def _sentence(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(loc[0]).upper() if loc else "settings"
    field = Settings.model_fields.get(name.lower())
    if kind == "missing" and field is not None:
        return f"{name} is not set. {field.description} Put it into .env (see .env.example)."
    return f"{name}: {message.removeprefix('Value error, ')}."
