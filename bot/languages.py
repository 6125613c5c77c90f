"""The languages that the Live API speaks (Gemini API docs, "Live API capabilities", supported languages), and
those of their varieties that one would ask for by name. Pure.

The service takes no language for its native-audio models; it is told in the instruction, so what counts here
is a name that the model understands without doubt.
"""

from __future__ import annotations

_NAMES = """
af Afrikaans; ak Akan; am Amharic; ar Arabic; ar-EG Egyptian Arabic; as Assamese; az Azerbaijani;
be Belarusian; bg Bulgarian; bn Bengali; bs Bosnian; ca Catalan; ceb Cebuano; cs Czech; cy Welsh; da Danish;
de German; de-AT Austrian German; de-CH Swiss German; el Greek; en English; en-AU Australian English;
en-GB British English; en-IN Indian English; en-US American English; es Spanish;
es-419 Latin American Spanish; es-ES European Spanish; es-MX Mexican Spanish; es-US American Spanish;
et Estonian; eu Basque; fa Persian; fi Finnish; fil Filipino; fo Faroese; fr French; fr-CA Canadian French;
fy Western Frisian; ga Irish; gl Galician; gu Gujarati; ha Hausa; he Hebrew; hi Hindi; hr Croatian;
hu Hungarian; hy Armenian; id Indonesian; is Icelandic; it Italian; ja Japanese; jv Javanese; ka Georgian;
kk Kazakh; km Khmer; kn Kannada; ko Korean; ku Kurdish; ky Kyrgyz; lo Lao; lt Lithuanian; lv Latvian;
mi Maori; mk Macedonian; ml Malayalam; mn Mongolian; mr Marathi; ms Malay; mt Maltese; my Burmese;
ne Nepali; nl Dutch; nl-BE Flemish; no Norwegian; om Oromo; or Odia; pa Punjabi; pl Polish; ps Pashto;
pt Portuguese; pt-BR Brazilian Portuguese; pt-PT European Portuguese; qu Quechua; rm Romansh; ro Romanian;
ru Russian; rw Kinyarwanda; sd Sindhi; si Sinhala; sk Slovak; sl Slovenian; so Somali; sq Albanian;
sr Serbian; st Southern Sotho; sv Swedish; sw Swahili; ta Tamil; te Telugu; tg Tajik; th Thai; tk Turkmen;
tn Tswana; tr Turkish; uk Ukrainian; ur Urdu; uz Uzbek; vi Vietnamese; wo Wolof; yo Yoruba;
zh Mandarin Chinese; zh-TW Taiwanese Mandarin; yue Cantonese; zu Zulu
"""

LANGUAGES: dict[str, str] = {
    code: name for code, _, name in (entry.strip().partition(" ") for entry in _NAMES.split(";"))
}
"""BCP-47 code → English name."""

_BY_LOWER = {code.lower(): code for code in LANGUAGES}


def known_as(code: str) -> str | None:
    """The code as the table has it: ``PT_br`` is ``pt-BR``. None if that language is not in it."""
    return _BY_LOWER.get(code.strip().replace("_", "-").lower())
