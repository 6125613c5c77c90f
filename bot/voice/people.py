"""Who is in the call, as the voice gateway tells it (ops 11, 13, 5 and 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set

from audio.inbound import Inbound
from bot.voice.events import PersonJoined, PersonLeft, VoiceEvent


class People(Set[int]):
    """The live set of user ids in the call, without ourselves."""

    def __init__(self, self_id: int, inbound: Inbound, tell: Callable[[VoiceEvent], None]) -> None:
        self._self_id = self_id
        self._inbound = inbound
        self._tell = tell
        self._present: set[int] = set()
        self._before: set[int] = set()  # of the session before this one, until the new one is complete
        self._is_listed = False  # op 11 has come in this session

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._present

    def __iter__(self) -> Iterator[int]:
        return iter(self._present)

    def __len__(self) -> int:
        return len(self._present)

    def listed(self, user_ids: Iterable[int]) -> None:
        """Op 11: everybody at the beginning of a session, later whoever comes in."""
        self._is_listed = True
        for user_id in user_ids:
            self.joined(user_id)

    def expected(self) -> list[int] | None:
        """Whom the end-to-end group may admit: everybody in the call. None while no op 11 has come: those
        known by their streams (op 5) are not all, and whoever has not spoken yet would be shut out."""
        return [*self._present, self._self_id] if self._is_listed else None

    def joined(self, user_id: int) -> None:
        if user_id == self._self_id or user_id in self._present:
            return
        self._present.add(user_id)
        self._inbound.user_joined(user_id)
        if user_id not in self._before:
            self._tell(PersonJoined(user_id))
        self._before.discard(user_id)

    def left(self, user_id: int) -> None:
        if user_id in self._present:
            self._present.discard(user_id)
            self._inbound.user_left(user_id)
            self._tell(PersonLeft(user_id))

    def speaks(self, user_id: int, ssrc: int) -> None:
        """Op 5 announces a stream, not that somebody talks right now; it may also come before op 11."""
        if user_id == self._self_id:
            return
        self.joined(user_id)
        self._inbound.map_ssrc(ssrc, user_id)

    def forget(self) -> None:
        """A new session will list everybody again, with new streams."""
        self._before |= self._present
        self._present.clear()
        self._is_listed = False
        self._inbound.reset()

    def settled(self) -> None:
        """The new session's list is complete: whoever is not in it has left in between."""
        for user_id in self._before:
            self._inbound.user_left(user_id)
            self._tell(PersonLeft(user_id))
        self._before.clear()
