"""What goes out on a room's line, in what order, and what has to go out again. Pure: no IO, no clock.

Everything that is said is an entry of a prompt (a turn, or a text with its images), and every prompt has a
number. Entries wait in one of three queues:

    said ──► waiting ──sent──► kept ──settled──► gone
                                │  ▲
                   the connection│  │sent on the new one
                            died ▼  │
                                again

A resumed session is a snapshot older than whatever has not been answered, so that is sent again, in order,
from the start of the oldest unsettled prompt. Answers to tool calls are different: they belong to the
connection that asked, go out before all else, and are never sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.live.outgoing import Begin, End, Image, Message, Note, Response, Sound, Text

BYTES_PER_S = 16_000 * 2

WAITING_BYTES = 10 * BYTES_PER_S
"""Ten seconds of 16 kHz PCM16 wait to be sent for the first time; then the oldest is dropped and counted."""

KEPT_BYTES = 30 * BYTES_PER_S
"""Thirty seconds are kept to be sent again. A model answers within seconds; what is older than this and still
unsettled has almost surely been heard."""

KEPT_PROMPTS = 64
"""So many prompts can be unsettled at once; the oldest are forgotten. Texts have no sound to bound them."""

KEPT_IMAGES = 10
"""As many as a short video has frames; at one a second they hold up what is said after them."""

IMAGE_PERIOD_S = 1.0
"""The Live API takes at most one frame a second."""

CHUNK_BYTES = 100 * 16 * 2
"""What has piled up is sent in chunks of at most 100 ms: the Live API takes 20 to 100 ms, never about 1 s."""


@dataclass(frozen=True, slots=True)
class _Hold:
    """Never sent: nothing behind it leaves."""


@dataclass(slots=True, eq=False)
class _Entry:
    message: Message | _Hold
    number: int | None  # of its prompt; None: no part of one, or an image whose text is still to come

    @property
    def sound_bytes(self) -> int:
        return len(self.message.pcm16) if isinstance(self.message, Sound) else 0


class _Queue:
    """Entries in order, and how much sound is in them."""

    def __init__(self) -> None:
        self.entries: deque[_Entry] = deque()
        self.sound_bytes = 0

    def put(self, entry: _Entry) -> None:
        self.entries.append(entry)
        self.sound_bytes += entry.sound_bytes

    def pop(self, at: int = 0) -> _Entry:
        entry = self.entries[at]
        del self.entries[at]
        self.sound_bytes -= entry.sound_bytes
        return entry

    def pop_sound(self) -> Sound:
        """The sound at the head, and as much of what follows it as makes one chunk."""
        parts: list[bytes] = []
        size = 0
        while (
            self.entries
            and isinstance(message := self.entries[0].message, Sound)
            and (not parts or size + len(message.pcm16) <= CHUNK_BYTES)
        ):
            parts.append(message.pcm16)
            size += self.pop().sound_bytes
        return Sound(b"".join(parts))

    def pour_into(self, other: _Queue) -> None:
        """All of it, behind what `other` has."""
        while self.entries:
            other.put(self.pop())

    def drop_if(self, unwanted: Callable[[_Entry], bool]) -> None:
        if any(map(unwanted, self.entries)):
            self.entries = deque(entry for entry in self.entries if not unwanted(entry))
            self.sound_bytes = sum(entry.sound_bytes for entry in self.entries)

    def drop_oldest_sound(self) -> int:
        """Its size in bytes. A turn that has no sound left goes with it: the model would answer silence."""
        at = next(i for i, entry in enumerate(self.entries) if isinstance(entry.message, Sound))
        dropped = self.pop(at)
        begin = at - 1
        if begin > 0 and isinstance(self.entries[begin].message, Note):
            begin -= 1
        # Only of a turn that is here as a whole: one whose beginning has been sent must be ended.
        if begin >= 0 and isinstance(self.entries[begin].message, Begin) and self._ends_at(at):
            self.drop_if(lambda entry: entry.number == dropped.number)
        return dropped.sound_bytes

    def _ends_at(self, at: int) -> bool:
        return at < len(self.entries) and isinstance(self.entries[at].message, End)


class Outbox:
    """Put in what is said, `take` what may leave now; after each `connected`, the unsettled comes again."""

    def __init__(self) -> None:
        self.notes = False
        """Whether notes leave with their turns."""
        self.dropped_bytes = 0
        """Of sound that waited too long to be sent even once."""
        self.heard = 0
        """The newest prompt that was sent in full, on this connection or an earlier one."""
        self._local_turns = False
        self._said = 0
        self._settled = 0
        self._open: int | None = None  # the turn that is being said
        self._on_wire: int | None = None  # the turn that is open at the server
        self._waiting, self._kept, self._again = _Queue(), _Queue(), _Queue()
        self._after_turn = _Queue()  # said while a turn is open, and no part of it
        self._responses: deque[Response] = deque()
        self._image_allowed_at = float("-inf")

    # --- what is said ---

    def start_turn(self, note: str | None) -> int:
        """Ends one that is still open."""
        self.end_turn()
        self._open = self._number()
        self._waiting.put(_Entry(Begin(), self._open))
        if note is not None:
            self._waiting.put(_Entry(Note(note), self._open))
        return self._open

    def sound(self, pcm16: bytes) -> None:
        """Of the open turn; outside of turns it leaves only where the service finds the turns itself."""
        self._waiting.put(_Entry(Sound(pcm16), self._open))
        while self._waiting.sound_bytes > WAITING_BYTES:
            self.dropped_bytes += self._waiting.drop_oldest_sound()

    def end_turn(self) -> None:
        if self._open is None:
            return
        self._waiting.put(_Entry(End(), self._open))
        self._open = None
        self._after_turn.pour_into(self._waiting)

    def text(self, text: str) -> int:
        """A prompt of its own, with the images before it; leaves when the open turn has ended."""
        number = self._number()
        for image in self._images:
            if image.number is None:
                image.number = number
        self._between_turns.put(_Entry(Text(text), number))
        return number

    def remark(self, text: str) -> None:
        """Text that is no prompt: it leaves as one does, and is for this connection only."""
        self._between_turns.put(_Entry(Text(text), None))

    def image(self, jpeg: bytes) -> None:
        """Of the text that follows, so it is kept for as long as that one is."""
        self._between_turns.put(_Entry(Image(jpeg), None))
        images = self._images
        if len(images) > KEPT_IMAGES:
            for queue in self._queues:
                queue.drop_if(lambda entry: entry is images[0])

    def respond(self, response: Response) -> None:
        self._responses.append(response)

    @property
    def held(self) -> bool:
        """Whether what is said now waits for `release`."""
        return any(isinstance(entry.message, _Hold) for entry in self._waiting.entries)

    def hold(self) -> None:
        """What is said from now on waits for `release`."""
        if not self.held:
            self._waiting.put(_Entry(_Hold(), None))

    def release(self) -> None:
        self._waiting.drop_if(lambda entry: isinstance(entry.message, _Hold))

    def settle(self, number: int) -> None:
        """All prompts up to `number` have been answered. One that is being sent is still sent to its end, or
        the server would wait for that for ever."""
        self._settled = max(self._settled, number)
        on_wire, settled = self._on_wire, min(self._settled, self.heard)
        for queue in (self._kept, self._again):
            queue.drop_if(lambda e: e.number is not None and e.number <= settled and e.number != on_wire)

    # --- what leaves ---

    def connected(self, *, local_turns: bool) -> None:
        """A new connection, which has heard nothing of what is not settled."""
        self._local_turns = local_turns
        self._responses.clear()
        for queue in (self._waiting, self._after_turn):
            queue.drop_if(lambda entry: isinstance(entry.message, Text) and entry.number is None)
        self._on_wire = None
        self._again.pour_into(self._kept)
        self._kept, self._again = self._again, self._kept
        self.settle(self._settled)

    def take(self, now: float) -> Message | None:
        """What is to be sent next, which counts as sent. None: nothing may leave at `now` (monotonic s)."""
        if self._responses:
            return self._responses.popleft()
        while (queue := self._next_queue) is not None:
            head = queue.entries[0]
            if isinstance(head.message, _Hold) or (self.next_image_at or now) > now:
                return None
            message = queue.pop_sound() if isinstance(head.message, Sound) else queue.pop().message
            assert not isinstance(message, _Hold)
            if isinstance(message, Sound) and head.number is None and self._local_turns:
                self.dropped_bytes += len(message.pcm16)
                continue
            if isinstance(message, Note) and not self.notes:
                continue
            if head.number is not None or isinstance(message, Image):
                self._keep(_Entry(message, head.number), now)
            if self._local_turns or not isinstance(message, Begin | End):
                return message  # else the service finds the turns by itself, and the marks are for us alone
        return None

    @property
    def next_image_at(self) -> float | None:
        """Monotonic seconds from which on the image may leave that is next; None if none is."""
        queue = self._next_queue
        is_image = queue is not None and isinstance(queue.entries[0].message, Image)
        return self._image_allowed_at if is_image else None

    @property
    def gone(self) -> frozenset[int]:
        """Of the newest prompts those of which nothing is left to be sent: settled, or too much to keep."""
        left = {entry.number for queue in self._queues for entry in queue.entries}
        return frozenset(range(max(1, self._said - KEPT_PROMPTS), self._said + 1)) - left

    @property
    def in_turn(self) -> bool:
        """Whether a turn is being said, or open at the server."""
        return self._open is not None or self._on_wire is not None

    def _keep(self, entry: _Entry, now: float) -> None:
        """`entry` is being sent."""
        self._kept.put(entry)
        if isinstance(entry.message, Image):
            self._image_allowed_at = now + IMAGE_PERIOD_S
        if isinstance(entry.message, Begin):
            self._on_wire = entry.number
        if isinstance(entry.message, End | Text):
            self._on_wire = None
            self.heard = max(self.heard, entry.number or 0)
        while self._kept.sound_bytes + self._again.sound_bytes > KEPT_BYTES:
            (self._kept if self._kept.sound_bytes else self._again).drop_oldest_sound()

    def _number(self) -> int:
        self._said += 1
        forgotten = self._said - KEPT_PROMPTS
        self.settle(forgotten)
        for queue in (self._waiting, self._after_turn):
            queue.drop_if(lambda e: isinstance(e.message, Image | Text) and 0 < (e.number or 0) <= forgotten)
        return self._said

    @property
    def _between_turns(self) -> _Queue:
        """Where that goes which must not be inside a turn."""
        return self._waiting if self._open is None else self._after_turn

    @property
    def _next_queue(self) -> _Queue | None:
        return next((queue for queue in (self._again, self._waiting) if queue.entries), None)

    @property
    def _queues(self) -> tuple[_Queue, ...]:
        return self._kept, self._again, self._waiting, self._after_turn

    @property
    def _images(self) -> list[_Entry]:
        return [
            entry for queue in self._queues for entry in queue.entries if isinstance(entry.message, Image)
        ]
