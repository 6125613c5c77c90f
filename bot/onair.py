"""Telling members' clients that the bot speaks (op 5)."""

from __future__ import annotations

import asyncio

from bot.voice.link import VoiceLink


class OnAir:
    """Members' clients show by it who speaks, and drop what was never announced."""

    def __init__(self, link: VoiceLink, tasks: asyncio.TaskGroup) -> None:
        self._link = link
        self._tasks = tasks
        self._speaking = False

    def set(self, speaking: bool) -> None:
        """Announce it if it has changed: already when sound comes from the model, a tick before its first
        packet leaves."""
        if speaking != self._speaking:
            self._speaking = speaking
            self._tasks.create_task(self._link.announce_speaking(speaking), name="op 5")
