"""The model's own words for "I did not understand", and sentences that only look like them."""

from __future__ import annotations

import pytest

from bot.turns.understanding import Understanding, is_not_understood

MISSED = [
    # English
    "Sorry, I didn't catch that.",
    "I didn’t quite catch what you said.",
    "I'm sorry, I couldn't understand you.",
    "Sorry, I could not hear that. Could you say it again?",
    "Hm, I can't quite hear you.",
    "Could you repeat that, please?",
    "Would you mind repeating that?",
    "Could you please say that again?",
    "I'm having trouble hearing you.",
    "I am not sure I understood that.",
    # German
    "Das habe ich leider nicht verstanden.",
    "Entschuldigung, ich habe dich nicht verstanden.",
    "Ich konnte dich akustisch nicht verstehen.",
    "Das hab ich nicht ganz verstanden.",
    "Kannst du das bitte wiederholen?",
    "Können Sie das noch einmal sagen?",
    "Könntest du das nochmal wiederholen?",
    # Spanish
    "Perdona, no te he entendido.",
    "Lo siento, no entendí lo que dijiste.",
    "No te oigo bien.",
    "No he podido entenderte.",
    "¿Puedes repetirlo, por favor?",
    "¿Podrías repetir eso?",
    # Japanese
    "すみません、聞き取れませんでした。",
    "ごめんなさい、よく聞こえませんでした。",
    "もう一度言っていただけますか?",
    "もう一度お願いします。",
    # French, Portuguese, Italian
    "Je n'ai pas bien compris.",
    "Désolé, je n’ai pas entendu.",
    "Pouvez-vous répéter ?",
    "Tu peux répéter, s'il te plaît ?",
    "Desculpe, não entendi.",
    "Você pode repetir?",
    "Scusa, non ho capito.",
    "Puoi ripetere, per favore?",
]

UNDERSTOOD = [
    "The moon is about 384,000 kilometres away.",
    "He didn't understand what she meant, and left the house.",
    "Few people could understand it at the time.",
    "She said it again and again, and nobody listened.",
    "You can say that again! It was a great match.",
    "They didn't get that far before the rain came.",
    "Can you catch it? It is a hard one.",
    "I understand what you mean.",
    "Einstein hat das lange nicht verstanden.",
    "Viele Leute haben die Regel nicht verstanden, du aber schon.",
    "Ich verstehe, was du meinst.",
    "Man muss das Training jede Woche wiederholen.",
    "No te preocupes, lo entiendo.",
    "La historia se puede repetir.",
    "Ella no lo entendió y se fue.",
    "月は地球から約38万キロです。",
    "昔はよくわかりませんでしたが、今は研究が進んでいます。",
    "Je comprends très bien.",
    "L'histoire peut se répéter.",
    "Eu entendi tudo.",
    "Ho capito, grazie.",
    "",
]


@pytest.mark.parametrize("answer", MISSED)
def test_it_says_that_it_did_not_understand(answer: str) -> None:
    assert is_not_understood(answer)


@pytest.mark.parametrize("answer", UNDERSTOOD)
def test_it_says_something_else(answer: str) -> None:
    assert not is_not_understood(answer)


def test_twice_in_a_row_is_told_and_then_counted_anew() -> None:
    understanding = Understanding()
    assert [understanding.answered("Sorry, I didn't catch that.") for _ in range(5)] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_an_answer_in_between_begins_anew() -> None:
    understanding = Understanding()
    answers = ["I didn't catch that.", "The moon is a stone.", "I didn't catch that.", "No te he entendido."]
    assert [understanding.answered(answer) for answer in answers] == [False, False, False, True]
