"""The sessions of one room: what the next is to be, of which model the last was, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bot.clock import utc_now
from bot.company import Company
from bot.home import Home
from bot.live.config import LiveSettings
from bot.live.events import Usage
from bot.live.lifecycle import Start
from bot.live.line import Line
from bot.live.usage import UsageMeter
from bot.live_settings import live_settings, model_of
from bot.settings import Settings
from bot.store.rows import Stay
from bot.whereabouts import resumable


class OpenLine(Protocol):
    """Makes the line of a room; see `bot.live.line.Line`."""

    def __call__(
        self, configure: Callable[[Start], LiveSettings], *, handle: str | None, earlier: bool
    ) -> Line: ...


class Sessions:
    """`summary` says what was said in the room so far."""

    def __init__(
        self,
        settings: Settings,
        company: Company,
        home: Home,
        channel_id: Callable[[], int],
        summary: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._company = company
        self._home = home
        self._channel_id = channel_id
        self._summary = summary
        self.model = self.wanted_model
        """Of the newest session."""
        self._channel: tuple[object, ...] = ()  # what the newest session was told that is the channel's own
        self.usage = UsageMeter()
        self.handle_at: datetime | None = None
        """When the newest handle came."""

    @property
    def wanted_model(self) -> str:
        """Of the next session."""
        return model_of(self._settings, self._company)

    def resume(self, earlier: Stay) -> str | None:
        """The handle by which the session of before a restart can be taken up, which makes it no younger."""
        handle = resumable(earlier, self.model)
        self.handle_at = earlier.handle_at if handle is not None else None
        return handle

    @property
    def elsewhere(self) -> bool:
        """Whether the channel by now wants another persona or other tools than the newest session has."""
        return self._channel != (self._company.persona, self._home.tools(self._channel_id()))

    def configure(self, start: Start) -> LiveSettings:
        """What the connection that is about to be opened is asked to be."""
        summary = self._summary() if start is Start.AFRESH else ""
        tools = self._home.tools(self._channel_id())
        self._channel = (self._company.persona, tools)
        settings = live_settings(self._settings, self._company, tools, summary)
        self.model = settings.model
        return settings

    def used(self, usage: Usage) -> None:
        """The newest session says what it has used."""
        self.usage.add(usage, self.model)
        self._home.used(usage, self.model)

    def handed(self) -> None:
        """The newest session can be resumed as it is now."""
        self.handle_at = utc_now()
