"""Has the model said that it did not understand? Pure.

It says so in words only, in the language of the conversation; the phrases are those that assistants use in
the languages most spoken on Discord. A miss costs nothing but a hint in the chat.
"""

from __future__ import annotations

import re

TWICE = 2
"""Once is a mumble; twice in a row is a microphone or a line."""

_PHRASES = re.compile(
    r"""
      (did\ ?n[o'’]t|could\ ?n[o'’]t|can\ ?n[o'’]t|did\ not|could\ not)\ (quite\ |really\ |fully\ )?
        (catch|hear|understand|make\ out|get)\ (that|you|what|it)
    | (say|repeat)\ (that|it)\ (again|once\ more|for\ me)
    | (habe|hab|konnte)\ (dich|das|sie|es)?\ ?(leider\ )?(akustisch\ )?nicht\ (ganz\ |richtig\ )?
        (verstanden|verstehen|gehört|hören)
    | noch\ ?(ein)?mal\ (sagen|wiederholen)
    | no\ (te|le|os|lo)\ (he\ )?(entend|oí|escuch)
    | (puedes|podrías|puede)\ repetir
    | (聞き取れ|聞こえ|わかり|分かり|理解でき)ませんでした
    | もう一度(言|おっしゃ|お願い)
    | je\ n['’]ai\ pas\ (bien\ )?(compris|entendu)
    | (peux|pouvez|pourriez)[- ](tu|vous)\ répéter
    | não\ (entendi|consegui\ (entender|ouvir))
    | non\ ho\ (capito|sentito)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_not_understood(answer: str) -> bool:
    """Whether `answer`, the transcript of what the model said, admits that it did not understand."""
    return _PHRASES.search(answer) is not None


class Understanding:
    """Counts in a row; `answered` is True each time that it has become twice."""

    def __init__(self) -> None:
        self._misses = 0

    def answered(self, answer: str) -> bool:
        """Feed it every answer that was spoken to the end."""
        self._misses = self._misses + 1 if is_not_understood(answer) else 0
        if self._misses < TWICE:
            return False
        self._misses = 0
        return True
