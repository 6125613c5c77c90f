"""What a name does in a Japanese sentence: called, or spoken about. Pure.

The particle behind a name says it: に, が, の and the like speak about it; a comma, a stop or a new word
calls it. A transcript may have spaces between the words, or the name in katakana, hiragana or Latin letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.turns.name import Likeness, Names

OVERHEARD, MENTIONED, ADDRESSED = range(3)

_SCRIPT = re.compile(r"[ぁ-ゖァ-ヺ]|[一-鿿]")
_SPACE = re.compile(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")
_CANDIDATE = re.compile(r"[a-z][a-z0-9']*|[ァ-ヺー]+|[ぁ-ゖ]+ー[ぁ-ゖー]*|[一-鿿]+")
_HONORIFIC = re.compile(r"\s*(さん|くん|君|ちゃん|様|さま|先生)")
_STOP, _COMMA = re.compile(r"[。！？!?.…]"), re.compile(r"[、,\s]")
_OPENERS = re.compile(
    r"""(ねえ|ねぇ|ねー|ね|おい|あのさ|あのね|あのー|あの|えっと|えーと|えー|ええと|はい|うん|ううん|いや|じゃあ|じゃ
    |さて|もしもし|おはよう(ございます)?|こんにちは|こんばんは|ありがとう(ございます)?|すみません|ごめん(なさい)?
    |ちょっと|ところで|それで|それじゃ|でも|で|まあ|うーん|よし|やあ|よう|お疲れ(様|さま)?(です)?|そういえば|ああ|あ
    |ヘイ|ハイ|ハロー|オーケー|オッケー|ok|okay|hey|hi|hello|\s|、|,)+""",
    re.VERBOSE,
)
_GREETING = re.compile(r"ねえ|ねぇ|ねー|おい|もしもし|ヘイ|ハイ|ハロー|オーケー|オッケー|ok|hey|hi|hello")
_ABOUT = re.compile(
    r"""は(?!い|じめ|やく)|が(?!んば)|の(?!んび)|に(?!ほん)|を|も(?!う|っと|しもし)|と(?!りあえず|ても|ころで)
    |で(?!も|きる|きま)|へ|から|より|まで|って|だ|です|じゃ|なら(?!べ)|とか|や(?!め|って|れ)|っぽ|み?たい|か(?![んけ])""",
    re.VERBOSE,
)
_ASKS_ITS_OPINION = re.compile(
    r"は(、|,|\s)*(どう(思|おも|[？?]|$)|何が|なにが|どっち|どれが|知って|好き|誰が)"
)
_GOVERNS = re.compile(r"(が|は|を|と|も|に|この|あの|その|へ|から|より|という|って)$")
_REQUEST_END = re.compile(r"(て|で|か|の|よ|ね|な|い|る|た|う|だ|何|す|時|さい|くれ|ん|り|した)$")
_ASKS = re.compile(r"[？?]|か$|か。|て$|て。|ください|くれ|お願い|何|なに|どう|いつ|どこ|誰|だれ|なぜ")


def is_japanese(text: str) -> bool:
    """Whether any of `text` is in kana or kanji."""
    return _SCRIPT.search(text) is not None


def read(text: str, bot: Names, people: Names) -> int:
    """OVERHEARD, MENTIONED or ADDRESSED: what plain `text` has to do with the bot."""
    best = OVERHEARD
    text = _SPACE.sub("", text)
    for start, end, likeness in _find(text, bot, people):
        before, after = _STOP.split(text[:start])[-1], text[end:]
        called = _is_called(before, after)
        if likeness is Likeness.NEAR:
            called = called and bool(_GREETING.search(before) or _ASKS.search(text))
        if called:
            return ADDRESSED
        if likeness is Likeness.SAME:
            best = MENTIONED
    return best


def begins_with_a_call(text: str, bot: Names) -> bool:
    """Whether plain `text` begins with a call of the name and has four characters more."""
    text = _SPACE.sub("", text)
    found = next(_find(text, bot, bot), None)
    if found is None or len(text) - found[1] < 5:
        return False
    return not _OPENERS.sub("", text[: found[0]], count=1) and _is_called(text[: found[0]], text[found[1] :])


def _find(text: str, bot: Names, people: Names) -> Iterator[tuple[int, int, Likeness]]:
    """Where the names are, with their honorific, and how like them."""
    for match in _CANDIDATE.finditer(text):
        for start, end in _spans(match):
            word = text[start:end]
            likeness = bot.likeness(word)
            if likeness is Likeness.NONE or (people is not bot and people.likeness(word) is Likeness.SAME):
                continue
            honorific = _HONORIFIC.match(text, end)
            yield start, honorific.end() if honorific else end, likeness
            break


def _spans(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The whole run, and of hiragana and kanji, which do not show where a word begins, what is in it."""
    start, end = match.span()
    yield start, end
    if match[0][0] >= "ぁ" and not "ァ" <= match[0][0] <= "ヺ":
        for first in range(start, min(end, start + 8)):
            for last in range(min(end, first + 6), first + 1, -1):
                yield first, last


def _is_called(before: str, after: str) -> bool:
    clause = _COMMA.split(before)[-1]
    opened = not _OPENERS.sub("", clause, count=1)
    rest = _COMMA.split(_STOP.split(after)[0])[0]
    if opened and (not rest or _COMMA.match(after)):
        return True
    if opened:
        return bool(_ASKS_ITS_OPINION.match(after)) or not _ABOUT.match(after)
    if not rest:
        return not _GOVERNS.search(clause) and bool(_REQUEST_END.search(clause))
    return False
