"""Whether the bot is meant: utterances in four languages, as a transcription may write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.turns.address import Address, calls_at_once, calls_one_of, judge
from bot.turns.floor import Floor, FloorRules, Mode

pytestmark = pytest.mark.addressing

NAMES = ("Parley",)
OTHERS = ("Ben", "Cleo Martínez", "健太")
A, M, O = Address.ADDRESSED, Address.MENTIONED, Address.OVERHEARD  # noqa: E741

Table = dict[str, list[tuple[str, Address]]]

TABLE: Table = {
    "English": [
        ("Parley, what's the weather like on the moon?", A),
        ("Hey Parley, play some music.", A),
        ("hey parley can you hear me", A),
        ("What time is it, Parley?", A),
        ("what time is it parley", A),
        ("Okay, Parley. Tell me a joke.", A),
        ("Parley?", A),
        ("So tell me, Parley, who won the World Cup in 1998?", A),
        ("Parley what do you think about that?", A),
        ("Thanks, Parley!", A),
        ("Stop, Parley.", A),
        ("Ben, hold on a second. Parley, how tall is Mount Fuji?", A),
        ("I don't agree with you, Parley.", A),
        ("Good morning Parley", A),
        ("Parley I need your help with my homework.", A),
        ("Parlay, how far is it to Berlin?", A),
        ("Pali, what's seven times eight?", A),
        ("Barley, can you tell us a story?", A),
        ("Hey Harley, what's the capital of Peru?", A),
        ("Par lay, what do you know about volcanoes?", A),
        ("Parly tell me a joke", A),
        ("Is it going to rain tomorrow, Parlé?", A),
        ("Parley, tell Ben that he is late.", A),
        ("I asked Parley about that yesterday.", M),
        ("Parley said it would rain.", M),
        ("Ben, did you hear what Parley said?", M),
        ("Parley is broken again.", M),
        ("Is Parley broken?", M),
        ("You should ask Parley.", M),
        ("Tell Parley to stop.", M),
        ("Parley's answers are too long.", M),
        ("Have you ever talked to Parley?", M),
        ("This bot, it's called, uh, Parley.", M),
        ("I think Parley and Ben would get along.", M),
        ("Ben, are you coming to the cinema tonight?", O),
        ("Are you going to the party on Friday?", O),
        ("Party, everyone!", O),
        ("I went to bed early.", O),
        ("Early tomorrow, can you pick me up?", O),
        ("That's partly true, isn't it?", O),
        ("Pardon, what did you say?", O),
        ("We flew to Bali last summer.", O),
        ("Put some parsley on it, will you?", O),
        ("He rides a Harley, you know.", O),
        ("I like barley soup.", O),
        ("Charlie, what are you doing?", O),
        ("Cleo, can you pass me the salt?", O),
        ("Poorly designed, if you ask me.", O),
    ],
    "German": [
        ("Parley, wie wird das Wetter morgen?", A),
        ("Hallo Parley, kannst du mich hören?", A),
        ("hey parley wie spät ist es", A),
        ("Wie spät ist es, Parley?", A),
        ("Parlei, erzähl mir einen Witz.", A),
        ("Sag mal, Parley, wer hat gestern gewonnen?", A),
        ("Was meinst du Parley?", A),
        ("Danke, Parley!", A),
        ("Parli, was ist die Hauptstadt von Peru?", A),
        ("Parley kannst du uns ein Lied singen", A),
        ("Ach, Parley, hör bitte auf.", A),
        ("Ben, warte mal. Parley, übersetz das bitte.", A),
        ("Ist Parley kaputt?", M),
        ("Ich habe Parley gestern gefragt.", M),
        ("Parley hat gesagt, dass es regnet.", M),
        ("Frag doch mal Parley.", M),
        ("Parleys Antworten sind zu lang.", M),
        ("Ben, hast du gehört, was Parley gesagt hat?", M),
        ("Wer ist eigentlich Parley?", M),
        ("Ben, kommst du heute Abend mit ins Kino?", O),
        ("Die Partei hat verloren.", O),
        ("Gehen wir auf die Party?", O),
        ("Wir waren letztes Jahr auf Bali.", O),
        ("Cleo, hast du meine Schlüssel gesehen?", O),
    ],
    "Spanish": [
        ("Parley, ¿qué hora es?", A),
        ("Oye Parley, cuéntame un chiste.", A),
        ("¿Qué hora es, Parley?", A),
        ("hola parley puedes oírme", A),
        ("Gracias, Parley.", A),
        ("¿Y tú qué piensas, Parley?", A),
        ("Parlí, ¿cuál es la capital de Perú?", A),
        ("Barley, explícame eso otra vez.", A),
        ("Ben, espera. Parley, traduce eso, por favor.", A),
        ("Bueno, Parley, dime quién ganó ayer.", A),
        ("Para, Parley.", A),
        ("Ayer le pregunté a Parley.", M),
        ("Parley dijo que iba a llover.", M),
        ("¿Está roto Parley?", M),
        ("Pregúntale a Parley.", M),
        ("Ben, ¿has oído lo que dijo Parley?", M),
        ("La respuesta de Parley fue muy larga.", M),
        ("¿Quién es Parley?", M),
        ("Ben, ¿vienes al cine esta noche?", O),
        ("Para mí no es un problema.", O),
        ("Hay que hablar con la otra parte.", O),
        ("Fuimos a Bali el verano pasado.", O),
        ("Cleo, pásame la sal, por favor.", O),
    ],
    "Japanese": [
        ("パーリー、今何時？", A),
        ("ねえパーリー、明日の天気は？", A),
        ("今何時、パーリー？", A),
        ("パーリーさん、教えてください。", A),
        ("パーレイ、歌を歌って。", A),
        ("ねえ パーリー 面白い 話 を して", A),
        ("ありがとう、パーリー。", A),
        ("教えてパーリー", A),
        ("Parley、富士山の高さは？", A),
        ("ぱーりー、聞こえる？", A),
        ("パーリーはどう思う？", A),
        ("パーリー日本語話せる？", A),
        ("ハーリー、明日は何曜日？", A),
        ("健太、ちょっと待って。パーリー、これ訳して。", A),
        ("パーリーに聞いてみて。", M),
        ("昨日パーリーに聞いたよ。", M),
        ("パーリーが言ってたよ。", M),
        ("パーリーの答えは長いね。", M),
        ("パーリーって壊れてるの？", M),
        ("健太、パーリーが言ったこと聞いた？", M),
        ("健太、今夜映画に行く？", O),
        ("金曜日のパーティーに行く？", O),
        ("去年パリに行きました。", O),
        ("バリ島は綺麗だった。", O),
        ("パリは遠いね。", O),
    ],
}

# As a transcription without punctuation or capitals, or a hasty one, writes it.
PLAIN: Table = {
    "English": [
        ("hey parley what's up", A),
        ("okay parley let's play a game", A),
        ("can you turn it down parley", A),
        ("i have a question parley what is the capital of france", A),
        ("parley is it going to snow tomorrow", A),
        ("parley who was the first man on the moon", A),
        ("well i think parley is wrong", M),
        ("did you fix parley", M),
        ("how do i mute parley", M),
        ("we were talking to parley last night and it was great", M),
        ("parley doesn't know", M),
        ("does parley know what time it is", M),
        ("what's wrong with parley today", M),
        ("no way parley actually said that", M),
        ("ask parley what time it is", M),
        ("i'll barely make it", O),
        ("so are you coming early or not", O),
        ("tell me a story parley", A),
        ("parley stop talking", A),
        ("you're funny parley", A),
        ("what was that parley", A),
        ("hey guys should we ask parley", M),
        ("parley listen", A),
        ("parley could you maybe speak a bit slower", A),
        ("my parley at the game lost me fifty bucks", M),
        ("she's at the parlor", O),
        ("Ben? Did Parley answer you?", M),
        ("Hm, Parley, hm.", A),
        ("Parley, are you and Ben friends?", A),
        ("Parley and I had a chat.", M),
        ("Sorry, I was talking to Parley.", M),
        ("Not you, Parley.", A),
        ("Shut up, Parley.", A),
        ("Is that you, Parley?", A),
        ("Parley! Parley!", A),
    ],
    "German": [
        ("parley mach mal bitte leiser", A),
        ("kannst du uns was vorlesen parley", A),
        ("parley was hältst du davon", A),
        ("weißt du das parley", A),
        ("ich hab parley gefragt und der wusste es nicht", M),
        ("parley ist echt langsam heute", M),
        ("was hat parley gesagt", M),
        ("sollen wir parley fragen", M),
        ("der parley hat das doch gesagt", M),
        ("parley weiß das bestimmt", M),
        ("sei mal ruhig parley", A),
        ("parley, Ben fragt, wie alt du bist", A),
        ("Parley kann das nicht.", M),
        ("Und du, Parley?", A),
        ("Hey, Parley redet schon wieder.", M),
    ],
    "Spanish": [
        ("parley qué hora es", A),
        ("cuéntame algo parley", A),
        ("parley puedes hablar más despacio", A),
        ("yo le diría a parley que pare", M),
        ("parley siempre dice lo mismo", M),
        ("qué ha dicho parley", M),
        ("cómo funciona parley", M),
        ("cállate parley", A),
        ("parley tú qué opinas", A),
        ("oye has probado parley", M),
        ("Hola, ¿está Parley por aquí?", M),
        ("Parley, dile a Ben que llega tarde.", A),
        ("No me gusta nada Parley.", M),
        ("Vale Parley, gracias.", A),
    ],
    "Japanese": [
        ("パーリー聞こえますか", A),
        ("パーリー明日の天気教えて", A),
        ("これ何パーリー", A),
        ("パーリーさんはどう思いますか", A),
        ("パーリーなんて言ってた", M),
        ("さっきパーリーに怒られた", M),
        ("パーリーうるさいよね", M),
        ("もうパーリー止めて", M),
        ("ねえ健太パーリー知ってる", M),
        ("パーリー、ストップ", A),
        ("ヘイパーリー", A),
        ("パーリーさんに聞いてみたら", M),
        ("パーリー もう 一回 言って", A),
        ("パーリーじゃなくて健太に言ってる", M),
        ("静かにして、パーリー", A),
    ],
}

FOLLOW_UPS = [
    # Said by the person who was just answered: does the answer go on?
    ("And tomorrow?", True),
    ("Why is that?", True),
    ("No, the other one.", True),
    ("Ben, are you coming?", False),
    ("What do you think, Ben?", False),
    ("Und morgen?", True),
    ("Warum denn das?", True),
    ("Cleo, hast du das gehört?", False),
    ("¿Y mañana?", True),
    ("¿Por qué?", True),
    ("Ben, ¿has oído eso?", False),
    ("じゃあ、明日は？", True),
    ("どうして？", True),
    ("健太、聞いた？", False),
]


# The held-out tables were written after the rules, and no rule was adjusted to them.
HELD_OUT: Table = {
    "English": [
        ("Alright Parley, give us a quick summary.", A),
        ("Could you repeat that, Parley?", A),
        ("Parley, shush for a minute.", A),
        ("Um, Parley, I have a question about the French Revolution.", A),
        ("parley how many people live in tokyo", A),
        ("Well done, Parley.", A),
        ("Do you like pineapple on pizza, Parley?", A),
        ("Parley, Ben wants to know how far the sun is.", A),
        ("Who's right, Parley, me or Cleo?", A),
        ("Wait, Parley, that's not what I meant.", A),
        ("Yo Parley drop a beat", A),
        ("Parlee, what's the score?", A),
        ("Farley, what is the answer?", A),
        ("Parley, you were wrong about that.", A),
        ("can you spell that for me parley", A),
        ("Okay but seriously, Parley, is it safe?", A),
        ("Parley sounds like a robot.", M),
        ("I don't think Parley heard you.", M),
        ("Did Parley just say that?", M),
        ("Why does Parley keep talking?", M),
        ("We could let Parley decide.", M),
        ("Cleo, ask Parley how tall it is.", M),
        ("Who made Parley?", M),
        ("That was Parley, not me.", M),
        ("Honestly, Parley was faster yesterday.", M),
        ("Ben, can you hear me?", O),
        ("Probably not.", O),
        ("Marley was a great musician, wasn't he?", O),
        ("I'll be there early, okay?", O),
        ("What a great party, you guys!", O),
        ("Hey Charlie, are you there?", O),
        ("It's barely moving, can you push?", O),
    ],
    "German": [
        ("Entschuldigung, Parley, kannst du das wiederholen?", A),
        ("Parley, spiel was von Queen.", A),
        ("Was heißt Schmetterling auf Japanisch, Parley?", A),
        ("Okay Parley wie alt bist du", A),
        ("Guten Abend, Parley.", A),
        ("Parley, hör auf zu reden!", A),
        ("Nein, Parley, das stimmt nicht.", A),
        ("Kannst du mir helfen, Parley?", A),
        ("Barley, wo liegt Island?", A),
        ("Parley ich brauche ein Rezept für Lasagne", A),
        ("Also ich finde Parley nervig.", M),
        ("Parley versteht mich nicht.", M),
        ("Hast du Parley schon ausprobiert?", M),
        ("Das war Parley.", M),
        ("Kann Parley auch singen?", M),
        ("Ich glaube, Parley ist eingeschlafen.", M),
        ("Ben, mach mal die Tür zu.", O),
        ("Das habe ich mir schon gedacht.", O),
        ("Warst du schon mal in Paris?", O),
        ("Parken wir hier?", O),
    ],
    "Spanish": [
        ("Perdona, Parley, no te he entendido.", A),
        ("Parley, pon algo de música.", A),
        ("Buenas noches, Parley.", A),
        ("oye parley cuántos años tienes", A),
        ("¿Me puedes ayudar, Parley?", A),
        ("No, Parley, eso no es verdad.", A),
        ("Parlei, ¿dónde está Islandia?", A),
        ("A ver, Parley, ¿quién tiene razón?", A),
        ("Parley, cállate un momento.", A),
        ("Creo que Parley se ha dormido.", M),
        ("¿Puede cantar Parley?", M),
        ("Parley no me entiende.", M),
        ("A mí me gusta Parley.", M),
        ("Dile a Parley que pare.", M),
        ("Eso lo dijo Parley.", M),
        ("¿Qué vas a hacer mañana?", O),
        ("Parece que va a llover.", O),
        ("Ben, cierra la puerta.", O),
        ("Me voy a París en mayo.", O),
    ],
    "Japanese": [
        ("おはよう、パーリー。", A),
        ("パーリー、うるさい。", A),
        ("パーリーくん、質問があるんだけど。", A),
        ("すみません、パーリー、もう一度お願いします。", A),
        ("ねえねえパーリー、蝶はドイツ語で何？", A),
        ("違うよ、パーリー。", A),
        ("パーリー音楽かけて", A),
        ("助けて、パーリー！", A),
        ("えっと、パーリー、東京の人口は？", A),
        ("パーリ、これ読んで。", A),
        ("パーリーは歌えるのかな。", M),
        ("たぶんパーリーが間違えたんだ。", M),
        ("パーリーと話したことある？", M),
        ("それはパーリーだよ。", M),
        ("パーリーのせいだ。", M),
        ("パーリーも来るの？", M),
        ("健太、ドアを閉めて。", O),
        ("ちょっと早いね。", O),
        ("パーティー楽しかったね。", O),
        ("来年バリに行きたいな。", O),
    ],
}

HELD_OUT_PLAIN: Table = {
    "English": [
        ("parley how do you spell mississippi", A),
        ("hi parley it's me again", A),
        ("never mind parley", A),
        ("could you say that again parley", A),
        ("ok parley we're ready", A),
        ("why is the sky blue parley", A),
        ("parley will it rain on sunday", A),
        ("i told parley to shut up", M),
        ("parley never listens to me", M),
        ("is parley still here", M),
        ("what did parley say", M),
        ("that's because parley was offline", M),
        ("do you think parley is listening", M),
        ("i guess the party starts at nine", O),
    ],
    "German": [
        ("parley wie hoch ist der eiffelturm", A),
        ("erzähl uns was lustiges parley", A),
        ("parley du nervst", A),
        ("hey parley wir haben eine frage", A),
        ("nee parley so nicht", A),
        ("parley funktioniert heute nicht", M),
        ("was macht parley da", M),
        ("ich würde mal parley fragen", M),
        ("parley und ich sind freunde", M),
        ("meinst du parley hört uns", M),
    ],
    "Spanish": [
        ("parley cuál es tu color favorito", A),
        ("buenos días parley", A),
        ("parley pon una canción", A),
        ("no te creo parley", A),
        ("parley está muy lento hoy", M),
        ("creo que parley no nos oye", M),
        ("vamos a preguntarle a parley", M),
        ("cuándo llegó parley", M),
    ],
    "Japanese": [
        ("パーリー何歳", A),
        ("おはようパーリー", A),
        ("パーリーちょっと静かにして", A),
        ("ねえパーリー英語で言って", A),
        ("聞いてるパーリー", A),
        ("パーリーが答えてくれない", M),
        ("今日はパーリーがいない", M),
        ("パーリーを呼んで", M),
        ("パーリーは寝てるみたい", M),
    ],
}


def wrong(table: Table) -> dict[str, list[str]]:
    """What of each language was judged otherwise than the table says."""
    return {
        language: [
            f"{text} → {found.name}, not {meant.name}"
            for text, meant in rows
            if (found := judge(text, NAMES, OTHERS)) is not meant
        ]
        for language, rows in table.items()
    }


def share_right(table: Table) -> dict[str, float]:
    missed = wrong(table)
    return {language: 1 - len(missed[language]) / len(rows) for language, rows in table.items()}


def all_of(*tables: Table) -> Table:
    return {language: [row for table in tables for row in table[language]] for language in TABLE}


def test_the_table_is_judged_right() -> None:
    rows = sum(map(len, TABLE.values()))
    assert rows >= 100
    assert sum(map(len, wrong(TABLE).values())) <= 0.05 * rows, wrong(TABLE)


@pytest.mark.parametrize("language", TABLE)
def test_each_language_is_judged_right(language: str) -> None:
    assert share_right(TABLE)[language] >= 0.95, wrong(TABLE)[language]


@pytest.mark.parametrize("language", TABLE)
def test_it_is_judged_right_without_punctuation(language: str) -> None:
    assert share_right(PLAIN)[language] >= 0.9, wrong(PLAIN)[language]


@pytest.mark.parametrize("language", TABLE)
def test_what_the_rules_were_not_made_for_is_judged_right(language: str) -> None:
    table = all_of(HELD_OUT, HELD_OUT_PLAIN)
    assert share_right(table)[language] >= 0.9, wrong(table)[language]


@pytest.mark.parametrize(("words", "goes_on"), FOLLOW_UPS)
def test_a_follow_up_needs_no_name_and_goes_to_another_by_name(words: str, goes_on: bool) -> None:
    floor = Floor(FloorRules(Mode.AUTO, NAMES))
    floor.present(dict(enumerate(("Ana", *OTHERS), start=1)))
    assert floor.decide((1,), words, 3.0, began=1.0, final=True) is False
    floor.answered((1,), 0.0)
    assert floor.decide((1,), words, 3.0, began=1.0, final=True) is goes_on


HEARD_AS = """Parley Parlay Parlé Parli Parly Parlei Parlee Pali Perley Barley Harley
パーリー パーレイ パーリ ぱーりー"""
NOT_A_NAME = """Party Early Partly Pardon Parsley Charlie Marley Carly Barely Partei Paris Probably Parken
パーティー バリ"""


@pytest.mark.parametrize("heard", HEARD_AS.split())
def test_a_misheard_name_is_still_called(heard: str) -> None:
    call = f"{heard}、今何時？" if heard[0] > "z" else f"{heard}, what time is it?"
    assert judge(call, NAMES) is A


@pytest.mark.parametrize("heard", NOT_A_NAME.split())
def test_a_word_like_the_name_is_not_the_name(heard: str) -> None:
    call = f"{heard}、今何時？" if heard[0] > "z" else f"{heard}, what time is it?"
    assert judge(call, NAMES) is O


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jervis, lights please.", "Jarvis"),
        ("ジャービス、今何時？", "Jarvis"),
        ("Hal 9000, open the doors.", "Hal 9000"),
        ("Hey Miss Minutes, what day is it?", "Miss Minutes [bot] 🎀"),
        ("Max, mach mal Musik an.", "Max"),
        ("助手、起きて。", "助手"),
        ("さくら、今何時？", "さくら"),
        ("Sakura, what time is it?", "さくら"),
    ],
)
def test_any_name_will_do(text: str, name: str) -> None:
    assert judge(text, (name,)) is A


def test_a_short_name_has_no_near_misses() -> None:
    assert judge("Bop, are you there?", ("Bob",)) is O
    assert judge("Mach's gut, du.", ("Max",)) is O


def test_a_person_in_the_channel_keeps_their_name() -> None:
    assert judge("Harley, what time is it?", NAMES) is A
    assert judge("Harley, what time is it?", NAMES, ("Harley Quinn",)) is O
    assert judge("Parley, what time is it?", NAMES, ("Parly",)) is A


def test_people_are_called_by_the_first_word_of_their_name() -> None:
    for name in ("Ben", "ben_müller", "xX_Ben_Xx", "Ben (he/him) 🎮", "Dr. Ben"):
        assert calls_one_of("Ben, are you coming?", (name,)), name
    assert not calls_one_of("I asked Ben about it.", ("Ben",))
    assert not calls_one_of("Ben, are you coming?", ())


@pytest.mark.parametrize("text", ["Parley, what time", "Hey Parley, play some", "パーリー、今何時ですか"])
def test_a_call_at_the_beginning_is_certain_early(text: str) -> None:
    assert calls_at_once(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Parley",
        "Hey Parley",
        "Parley said it",
        "What time is it, Parley",
        "Ben, ask Parley what it is",
        "パーリー、",
    ],
)
def test_anything_else_is_not_certain_yet(text: str) -> None:
    assert not calls_at_once(text, NAMES)


@pytest.mark.parametrize("language", TABLE)
def test_what_is_certain_early_is_right_in_the_end(language: str) -> None:
    for text, meant in all_of(TABLE, PLAIN, HELD_OUT, HELD_OUT_PLAIN)[language]:
        for length in range(len(text)):
            if calls_at_once(text[:length], NAMES, OTHERS):
                assert meant is A, text[:length]


def test_a_word_of_japanese_does_not_make_it_japanese() -> None:
    assert judge("I asked Parley about 猫 yesterday.", NAMES) is M
    assert judge("What does 猫 mean, Parley?", NAMES) is A


def test_long_texts_are_read_at_their_ends() -> None:
    filler = "and then we went on and on. " * 1000
    assert judge(f"{filler} What do you think, Parley?", NAMES) is A
    assert judge(f"Parley, listen. {filler}", NAMES) is A


def test_it_costs_less_than_a_millisecond() -> None:
    text = (
        "I was thinking about the weather in the mountains and whether we should go there, Barley, or Harley "
        * 2
    )
    names, others = ("Parley", "Gemini", "パーリー"), ("Ben", "Cleo Martínez", "健太")
    judge(text, names, others)
    costs = []
    for _ in range(20):
        before = time.perf_counter()
        judge(text, names, others)
        costs.append(time.perf_counter() - before)
    assert min(costs) < 0.001


@given(st.text(), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_no_words_and_no_names_can_break_it(text: str, names: list[str], others: list[str]) -> None:
    assert judge(text, names, others) in Address
    if calls_at_once(text, names, others):
        assert judge(text, names, others) is A


@given(st.sampled_from([row for rows in TABLE.values() for row in rows]))
def test_case_and_width_do_not_matter(row: tuple[str, Address]) -> None:
    text, _ = row
    assert judge(text.upper(), NAMES, OTHERS) is judge(text.lower(), NAMES, OTHERS)
