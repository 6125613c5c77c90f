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
      \bi\ ((did|could|ca)n['’]t|(did|could|can)\ ?not)\ (quite\ |really\ |fully\ )?
        (catch|hear|understand|make\ out|get)\ (that|you|what\ you|it)\b
    | \b(trouble|difficulty)\ (hearing|understanding)\ (you|that)
    | \bnot\ sure\ (that\ )?i\ (heard|caught|understood|got)
    | \b(can|could|would|will)\ you\ (please\ |maybe\ |mind\ )?
        (say|repeat|repeating|saying)\ (that|it|yourself|what)\b
    | \b(ich\ (habe?|konnte)\ (dich|sie|euch|das|es)|(das|dich|sie|es)\ (habe?|konnte)\ ich)\ (leider\ )?
        (akustisch\ )?nicht\ (ganz\ |richtig\ |gut\ )?(verstanden|verstehen|gehört|hören)
    | \b(kannst|könntest|können|könnten)\ (du|sie)\ (mir\ )?(das|es)\ (bitte\ )?(noch\ ?(ein)?mal\ )?
        (wiederholen|sagen)
    | \bno\ (te|le|os)\ (he\ )?(entend|entiend|oí|oigo|escuch)
    | \bno\ (lo\ )?(entendí|entiendo|oí|escuché)\b
    | \bno\ (he\ podido|pude)\ (entender|oír|escuchar)
    | (?<!se\ )\b(puedes|podrías|puede|podría)\ repetir
    | (聞き取れ|聞こえ|わかり|分かり|理解でき)ませんでした(?!が)
    | もう(一|1)度(言|おっしゃ|お願い|話)
    | \bje\ n['’]ai\ pas\ (bien\ |tout\ )?(compris|entendu)
    | \b(peux|pouvez|pourriez|pourrais)[- ](tu|vous)\ répéter | \b(tu\ peux|vous\ pouvez)\ répéter
    | \bnão\ (entendi|ouvi|consegui\ (entender|ouvir)) | \b(você\ )?(pode|poderia)\ repetir
    | \bnon\ ho\ (capito|sentito) | \b(puoi|può|potresti|potrebbe)\ ripetere
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
