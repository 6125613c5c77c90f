"""Whether the bot is meant, by what the transcription of a turn says. Pure.

Said to it, about it, or neither: a name is called at the beginning of what is said, at the end, or between
commas; elsewhere it is spoken about. Where there is no comma the words beside the name decide, and where the
name is only nearly one (Barley, Harley) the rest has to be a question, a request or a greeting.

Japanese has no spaces and marks by particles what a name does: `bot.turns.japanese` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import dropwhile

from bot.turns import japanese
from bot.turns.lexicon import (
    AUXILIARIES,
    BEFORE_A_CALL,
    CLOSERS,
    GERMAN_AFTER_WAS,
    GOVERNORS,
    GREETINGS,
    NAMING,
    OPENERS,
    PRONOUNS,
    QUESTION_WORDS,
    REQUESTS,
    THIRD_PERSON,
    YOU,
)
from bot.turns.name import Likeness, Names, listen_for, listen_for_people, plain

_WORD_OR_MARK = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.?!…\n]|[,;:¿¡—–]")
_STOPS, _QUESTION = ".?!…\n", "?"

MAX_CHARS = 1000
"""Of a longer text only both ends are read: a name in the middle of so much is a mention."""


class Address(IntEnum):
    OVERHEARD = 0  # neither of these
    MENTIONED = 1  # said about the bot
    ADDRESSED = 2  # said to the bot


@dataclass(slots=True)
class _Sentence:
    """The words between two stops, by clauses (between commas)."""

    clauses: list[list[str]]
    question: bool = False

    def asks(self) -> bool:
        """Whether it is a question, a request, or says you."""
        words = [word for clause in self.clauses for word in clause]
        first = next((word for word in words if word not in OPENERS), "")
        return (
            self.question
            or first in QUESTION_WORDS
            or any(clause and clause[0] in REQUESTS for clause in self.clauses)
            or not YOU.isdisjoint(words)
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """A name in a clause: its words are clause[start:end]."""

    start: int
    end: int
    likeness: Likeness
    possessive: bool


def judge(text: str, names: Sequence[str], others: Sequence[str] = ()) -> Address:
    """What `text` has to do with a bot of these names, `others` being what the people beside the speaker are
    called. A word that is nearer to one of theirs is not the bot's."""
    text = _ends(plain(text))
    bot, people = listen_for(tuple(names)), listen_for_people(tuple(others))
    if japanese.is_japanese(text):
        return Address(japanese.read(text, bot, people))
    return _read(_sentences(text), bot, people)


def calls_at_once(text: str, names: Sequence[str], others: Sequence[str] = ()) -> bool:
    """Whether the beginning of a turn settles that it is to the bot, whatever comes after: it begins with a
    call of the name, and two words more."""
    text = _ends(plain(text))
    bot, people = listen_for(tuple(names)), listen_for_people(tuple(others))
    if japanese.is_japanese(text):
        return japanese.begins_with_a_call(text, bot, people)
    sentences = _sentences(text)
    words = [(clause, i) for clause in sentences[0].clauses for i in range(len(clause))] if sentences else []
    opening = next((at for at, (clause, i) in enumerate(words) if clause[i] not in OPENERS), len(words))
    said = sum(len(clause) for sentence in sentences for clause in sentence.clauses)
    if not words or opening == len(words) or said < opening + 3:
        return False
    clause, i = words[opening]
    found = _at(clause, i, bot, people)
    return (
        found is not None
        and found.likeness is Likeness.SAME
        and _read(sentences[:2], bot, people) is Address.ADDRESSED
    )


def calls_one_of(text: str, people: Sequence[str]) -> bool:
    """Whether `text` calls one of these people by name, or by the first word of it."""
    return bool(people) and _calls(_ends(plain(text)), listen_for_people(tuple(people)))


def _ends(text: str) -> str:
    half = MAX_CHARS // 2
    return text if len(text) <= MAX_CHARS else f"{text[:half]}\n{text[-half:]}"


def _calls(text: str, people: Names) -> bool:
    nobody = listen_for(())
    if japanese.is_japanese(text):
        return japanese.read(text, people, nobody) == Address.ADDRESSED
    return _read(_sentences(text), people, nobody) is Address.ADDRESSED


def _sentences(text: str) -> list[_Sentence]:
    sentences = [_Sentence([[]])]
    for token in _WORD_OR_MARK.findall(text):
        newest = sentences[-1]
        if token in _STOPS:
            newest.question |= token == _QUESTION
            if any(newest.clauses):
                sentences.append(_Sentence([[]]))
        elif not token[0].isalnum():
            newest.clauses.append([])
        else:
            newest.clauses[-1].append(token)
    for sentence in sentences:
        sentence.clauses = [clause for clause in sentence.clauses if clause]
    return [sentence for sentence in sentences if sentence.clauses]


def _read(sentences: list[_Sentence], bot: Names, people: Names) -> Address:
    best = Address.OVERHEARD
    for number, sentence in enumerate(sentences):
        asks = any(each.asks() for each in sentences[number : number + 2])
        to_another = bool(people.spelled) and _called_first(sentence, people)
        for at, clause in enumerate(sentence.clauses):
            for found in _find(clause, bot, people):
                alone = found.end - found.start == len(clause)
                called = not (to_another and not alone) and _is_called(sentence, at, found)
                if called and found.likeness is Likeness.NEAR:
                    greeted = not GREETINGS.isdisjoint(clause[: found.start])
                    called = greeted or (
                        asks and (alone or len(sentence.clauses) > 1 or _direct(clause, found))
                    )
                if called:
                    return Address.ADDRESSED
                if found.likeness is Likeness.SAME:
                    best = Address.MENTIONED
    return best


def _called_first(sentence: _Sentence, people: Names) -> bool:
    """Whether a sentence begins by calling one of these: "Ben, did you …"."""
    clause = sentence.clauses[0]
    words = [word for word in clause if word not in OPENERS]
    return len(sentence.clauses) > 1 and bool(words) and people.likeness("".join(words)) is Likeness.SAME


def _direct(clause: list[str], found: _Found) -> bool:
    return found.end < len(clause) and _turns_to_somebody(clause[found.end :])


def _find(clause: list[str], bot: Names, people: Names) -> Iterator[_Found]:
    start = 0
    while start < len(clause):
        found = _at(clause, start, bot, people)
        if found is not None:
            yield found
        start = found.end if found else start + 1


def _at(clause: list[str], start: int, bot: Names, people: Names) -> _Found | None:
    """The name that begins at this word. Several words in one, "par lay", must sound just like it."""
    for count in range(min(bot.words + 1, len(clause) - start), 0, -1):
        joined = "".join(clause[start : start + count])
        stem = joined.removesuffix("'s")
        likeness = bot.likeness(stem)
        if likeness is Likeness.NONE and joined.endswith("s"):  # the German genitive
            stem, likeness = joined[:-1], _surely(bot.likeness(joined[:-1]))
        if count > bot.words:
            likeness = _surely(likeness)
        theirs = stem not in bot.spelled and people.likeness(stem) is Likeness.SAME
        if likeness is not Likeness.NONE and not theirs:
            return _Found(start, start + count, likeness, possessive=stem != joined)
    return None


def _surely(likeness: Likeness) -> Likeness:
    return likeness if likeness is Likeness.SAME else Likeness.NONE


def _is_called(sentence: _Sentence, at: int, found: _Found) -> bool:
    clause = sentence.clauses[at]
    before, after = clause[: found.start], clause[found.end :]
    if found.possessive:
        return False
    if all(word in OPENERS for word in before):
        if all(word in CLOSERS for word in after):
            return not _is_named(sentence, at)
        return _calls_before(after, sentence.question)
    if all(word in CLOSERS for word in after):
        return _calls_after(before)
    return before[-1] not in GOVERNORS and _turns_to_somebody(after)


def _is_named(sentence: _Sentence, at: int) -> bool:
    """Whether a name that stands alone is the end of "it is called, uh, …"."""
    earlier = [word for clause in sentence.clauses[:at] for word in clause if word not in OPENERS]
    return bool(earlier) and earlier[-1] in NAMING


def _turns_to_somebody(after: list[str]) -> bool:
    """Whether these words begin a question to whoever was named just before them."""
    first, second = after[0], after[1] if len(after) > 1 else ""
    return first in QUESTION_WORDS or (first in AUXILIARIES and second in YOU)


def _calls_before(after: list[str], question: bool) -> bool:
    """A name that begins a clause, without a comma behind it: "Parley what …", but "Parley said …"."""
    first, second = after[0], after[1] if len(after) > 1 else ""
    if first in QUESTION_WORDS or first in REQUESTS or first in PRONOUNS or first in CLOSERS:
        return True
    if first in AUXILIARIES:
        if first == "was" and second in GERMAN_AFTER_WAS:
            return True
        return second in PRONOUNS or (question and len(after) > 2)
    if first.endswith(("s", "ed")) and not first.endswith("ss"):
        return False
    for word in after[:4]:
        if word in YOU or word in REQUESTS:
            return True
        if word in THIRD_PERSON:
            return False
    return True


def _calls_after(before: list[str]) -> bool:
    """A name that ends a clause, without a comma before it: "what time is it Parley", but "who is Parley"."""
    words = list(dropwhile(OPENERS.__contains__, before))
    first, last = words[0], words[-1]
    if last in GOVERNORS:
        return False
    if last in BEFORE_A_CALL or first in REQUESTS or first in YOU:
        return True
    if first in AUXILIARIES:
        return len(words) > 3 and words[1] in YOU
    return len(words) > 2 and first in QUESTION_WORDS
