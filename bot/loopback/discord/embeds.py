"""The limits of embeds (Discord API docs, "Embed Limits")."""

from __future__ import annotations

from typing import Any

from bot.loopback.discord import components as parts
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import form_error

_TOTAL = 6000
_MOST = 10


def checked(embeds: Any) -> list[Json]:
    """The embeds of a message; 50035 for one that is too long. All their text counts together."""
    total = 0
    listed: list[Json] = parts.entries({"embeds": embeds}, "embeds", "", _MOST, 0)
    for index, embed in enumerate(listed):
        path = f"embeds.{index}"
        total += len(parts.text(embed, "title", path, 256))
        total += len(parts.text(embed, "description", path, 4096))
        total += len(parts.text(embed.get("footer") or {}, "text", f"{path}.footer", 2048))
        total += len(parts.text(embed.get("author") or {}, "name", f"{path}.author", 256))
        for number, entry in enumerate(parts.entries(embed, "fields", path, 25, 0)):
            here = f"{path}.fields.{number}"
            total += len(parts.text(entry, "name", here, 256, 1)) + len(
                parts.text(entry, "value", here, 1024, 1)
            )
    if total > _TOTAL:
        raise form_error("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {_TOTAL}")
    return listed
