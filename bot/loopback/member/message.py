"""A chat message as a member sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.loopback.member import widgets
from bot.loopback.member.errors import MemberError
from bot.loopback.member.widgets import Button, Menu

_EPHEMERAL, _LOADING = 1 << 6, 1 << 7  # message flags


@dataclass(slots=True)
class Message:
    """A chat message as it is now: edits change it in place."""

    id: int
    channel_id: int
    author_id: int
    content: str
    ephemeral: bool
    pending: bool
    """The bot is "thinking": it deferred its answer."""
    interaction_id: int | None
    nonce: str | None
    reply_to: int | None
    """The message that this one answers."""
    raw: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Message:
        flags = data.get("flags", 0)
        interaction = data.get("interaction_metadata") or data.get("interaction") or {}
        reference = data.get("message_reference") or {}
        return cls(
            id=int(data["id"]),
            channel_id=int(data["channel_id"]),
            author_id=int(data["author"]["id"]),
            content=widgets.text_of(data),
            ephemeral=bool(flags & _EPHEMERAL),
            pending=bool(flags & _LOADING),
            interaction_id=int(interaction["id"]) if "id" in interaction else None,
            nonce=data.get("nonce"),
            reply_to=int(reference["message_id"]) if "message_id" in reference else None,
            raw=data,
        )

    def is_edit_of(self, earlier: Message | None) -> bool:
        """Whether this is `earlier`, changed since."""
        if earlier is None or earlier.id != self.id:
            return False
        return bool(self.raw.get("edited_timestamp") != earlier.raw.get("edited_timestamp"))

    @property
    def buttons(self) -> list[str]:
        """The labels (or emoji) of the buttons that can be pressed, in reading order."""
        return [button.face for button in widgets.buttons_of(self.raw)]

    @property
    def menus(self) -> list[str]:
        """The placeholders of the select menus that can be opened, in reading order."""
        return [menu.title for menu in widgets.menus_of(self.raw)]

    @property
    def files(self) -> list[str]:
        """The names of the files attached."""
        return [entry["filename"] for entry in self.raw.get("attachments", ())]

    def button(self, face: str, beside: str = "") -> Button:
        """The first button of that label, in a section with that text if one is given."""
        for button in widgets.buttons_of(self.raw):
            if button.face == face and beside in button.beside:
                return button
        raise MemberError(f"no button {face!r} to press, only {self.buttons}")

    def menu(self, title: str) -> Menu:
        """The select menu with that placeholder."""
        for menu in widgets.menus_of(self.raw):
            if menu.title == title:
                return menu
        raise MemberError(f"no menu {title!r} to choose from, only {self.menus}")
