"""What a name does in a Japanese sentence: called, or spoken about. Pure.

The particle behind a name says it: に, が, の and the like speak about it; a comma, a stop or a new word
calls it. A transcript may have spaces between the words, or the name in katakana, hiragana or Latin letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.turns.name import Likeness, Names

OVERHEARD, MENTIONED, ADDRESSED = range(3)

_SCRIPT = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")
_SPACE = re.compile(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")
_CANDIDATE = re.compile(
    r"""[a-z][a-z0-9']* | (?:ヘイ|ハイ|ハロー|オーケー|オッケー)(?=[ァ-ヺー]{2})
    | [ァ-ヺー]+ | [ぁ-ゖ]+ー[ぁ-ゖー]*""",
    re.VERBOSE,
)
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
    |で(?!も|きる|きま)|へ|から|より|まで|って|だ|です|じゃ|なんて|なら(?!べ)|とか|や(?!め|って|れ)|っぽ|み?たい|か(?![んけ])""",
    re.VERBOSE,
)
_ASKS_ITS_OPINION = re.compile(
    r"は(、|,|\s)*(どう(思|おも|[？?]|$)|何が|なにが|どっち|どれが|知って|好き|誰が)"
)
_REMARK = re.compile(r"(よね|らしい|みたい|んだって|だね|言ってた)$")
_GOVERNS = re.compile(r"(が|は|を|と|も|に|この|あの|その|へ|から|より|という|って)$")
_REQUEST_END = re.compile(r"(て|で|か|の|よ|ね|な|い|る|た|う|だ|何|す|時|さい|くれ|ん|り|した)$")
_ASKS = re.compile(r"[？?]|か$|か。|て$|て。|ください|くれ|お願い|何|なに|どう|いつ|どこ|誰|だれ|なぜ")


def is_japanese(text: str) -> bool:
    """Whether a quarter of `text` or more is in kana or kanji. Less is a word in another language."""
    return 4 * len(_SCRIPT.findall(text)) >= max(1, sum(map(str.isalnum, text)))


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


def begins_with_a_call(text: str, bot: Names, people: Names) -> bool:
    """Whether plain `text` begins with a call of the name, a comma and four characters more. Without the
    comma it may yet become a remark: パーリーうるさい is said to it, パーリーうるさいよね about it."""
    text = _SPACE.sub("", text)
    start, end, likeness = next(_find(text, bot, people), (0, len(text), Likeness.NONE))
    if likeness is not Likeness.SAME or len(text) - end < 5:
        return False
    before, after = text[:start], text[end:]
    return bool(_COMMA.match(after)) and not _OPENERS.sub("", before, count=1)


def _find(text: str, bot: Names, people: Names) -> Iterator[tuple[int, int, Likeness]]:
    """Where the names are, with their honorific, and how like them."""
    for start, end in sorted({*_spelled(text, bot), *_alike(text, bot)}):
        likeness = bot.likeness(text[start:end])
        if text[start:end] in bot.spelled or people.likeness(text[start:end]) is not Likeness.SAME:
            honorific = _HONORIFIC.match(text, end)
            yield start, honorific.end() if honorific else end, likeness


def _spelled(text: str, bot: Names) -> Iterator[tuple[int, int]]:
    """Names in kana or kanji, just as they are written."""
    for name in bot.spelled:
        if is_japanese(name):
            yield from (match.span() for match in re.finditer(re.escape(name), text))


def _alike(text: str, bot: Names) -> Iterator[tuple[int, int]]:
    """Runs of Latin letters or katakana that sound like a name, and the like in hiragana, which does not show
    where a word begins."""
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        spans = [(start, end)]
        if "ぁ" <= text[start] <= "ゖ":
            spans += [
                (i, k) for i in range(start, min(end, start + 8)) for k in range(min(end, i + 6), i + 1, -1)
            ]
        span = next((span for span in spans if bot.likeness(text[slice(*span)]) is not Likeness.NONE), None)
        if span is not None:
            yield span


def _is_called(before: str, after: str) -> bool:
    clause = _COMMA.split(before)[-1]
    opened = not _OPENERS.sub("", clause, count=1)
    rest = _COMMA.split(_STOP.split(after)[0])[0]
    if opened and (not rest or _COMMA.match(after)):
        return True
    if opened:
        return bool(_ASKS_ITS_OPINION.match(after)) or not (_ABOUT.match(after) or _REMARK.search(rest))
    if not rest:
        return not _GOVERNS.search(clause) and bool(_REQUEST_END.search(clause))
    return False
