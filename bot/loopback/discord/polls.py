"""Polls: what one consists of, who voted for what, when it is over (Discord API docs, "Poll Resource")."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import ApiError

QUESTION_MAX = 300
ANSWER_MAX = 55
MOST_ANSWERS = 10
MOST_HOURS = 32 * 24


@dataclass(slots=True)
class Poll:
    """`votes` are by answer id, which counts from 1: the ids of users, in the order in which they voted."""

    question: str
    answers: list[Json]
    expiry: datetime
    several: bool
    votes: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Any) -> Poll:
        """From a poll create request; `ApiError` 400 for what is none."""
        if not isinstance(request, dict):
            raise errors.form_error(
                "poll", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
            )
        answers = request.get("answers")
        if not isinstance(answers, list) or not 1 <= len(answers) <= MOST_ANSWERS:
            raise errors.form_error(
                "poll.answers", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MOST_ANSWERS} in length."
            )
        hours = request.get("duration", 24)
        if not isinstance(hours, int | float) or hours != int(hours) or not 1 <= hours <= MOST_HOURS:
            raise errors.form_error(
                "poll.duration", "NUMBER_TYPE_MAX", f"int value should be between 1 and {MOST_HOURS}."
            )
        if request.get("layout_type", 1) != 1:
            raise errors.form_error("poll.layout_type", "BASE_TYPE_CHOICES", "Value must be one of {1}.")
        return cls(
            _text(request.get("question"), "poll.question", QUESTION_MAX),
            [_answer(index, answer) for index, answer in enumerate(answers)],
            datetime.now(UTC) + timedelta(hours=hours),
            bool(request.get("allow_multiselect", False)),
        )

    @property
    def over(self) -> bool:
        return datetime.now(UTC) >= self.expiry

    def payload(self) -> Json:
        """As in a message. Nobody's own votes are marked."""
        counts = [
            {"id": answer, "count": len(users), "me_voted": False}
            for answer, users in sorted(self.votes.items())
            if users
        ]
        return {
            "question": {"text": self.question},
            "answers": self.answers,
            "expiry": self.expiry.isoformat(),
            "allow_multiselect": self.several,
            "layout_type": 1,
            "results": {"is_finalized": self.over, "answer_counts": counts},
        }

    def vote(self, user_id: int, chosen: set[int]) -> tuple[set[int], set[int]]:
        """Replace a member's votes; which came, and which went. `ApiError` if that cannot be."""
        if self.over:
            raise ApiError(400, 520001, "Poll expired")
        if chosen - {answer["answer_id"] for answer in self.answers}:
            raise errors.form_error("answer_ids", "BASE_TYPE_CHOICES", "Not an answer of this poll.")
        if len(chosen) > 1 and not self.several:
            raise errors.form_error("answer_ids", "BASE_TYPE_MAX_LENGTH", "Must be 1 or fewer in length.")
        before = {answer for answer, users in self.votes.items() if user_id in users}
        for answer in before - chosen:
            self.votes[answer].remove(user_id)
        for answer in chosen - before:
            self.votes.setdefault(answer, []).append(user_id)
        return chosen - before, before - chosen

    def end(self) -> None:
        self.expiry = min(self.expiry, datetime.now(UTC))


def _answer(index: int, answer: Any) -> Json:
    media = answer.get("poll_media") if isinstance(answer, dict) else None
    text = _text(media, f"poll.answers.{index}.poll_media", ANSWER_MAX)
    emoji = {"emoji": media["emoji"]} if isinstance(media, dict) and media.get("emoji") else {}
    return {"answer_id": index + 1, "poll_media": {"text": text, **emoji}}


def _text(media: Any, path: str, most: int) -> str:
    text = media.get("text") if isinstance(media, dict) else None
    if text is None:
        raise errors.required(f"{path}.text")
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= most:
        raise errors.form_error(
            f"{path}.text", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length."
        )
    return text.strip()
