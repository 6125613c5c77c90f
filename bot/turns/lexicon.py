"""Words by which a sentence shows whom it is for, in English, German and Spanish, without accents. Data.

The sets mix the languages, since a transcript may. None is complete: each holds what people say to an
assistant or about one.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Before a name that is called. Alone or in a row: "oh, hey, good morning Parley".
OPENERS = _words(
    """hey dear hi hello hiya yo ok okay oh ah um uh er hm hmm so and but well now then right alright please
    sorry excuse me thank thanks you no yes yeah yep nope wait listen look good morning afternoon
    evening night
    hallo he hej na also ja nein nee und aber ah ahm oh gut guten gute morgen tag abend nacht servus moin
    du bitte danke entschuldigung entschuldige sorry stopp liebe lieber pass auf
    hola oye oiga eh ey bueno buenos buenas dias tardes noches pues y pero si vale gracias perdona perdon
    disculpa mira venga querido querida por favor"""
)
GREETINGS = _words("hey hi hello hiya yo ok okay hallo hola oye oiga ey eh moin servus morning morgen")

# After a name that is called at the end: "…, Parley, please".
CLOSERS = _words("please bitte por favor thanks thank you danke gracias then denn now right mal dear")

QUESTION_WORDS = _words(
    """what what's whats when where where's who who's whose why how how's which
    wann wo wer wie wieso weshalb warum wozu woher wohin welche welcher welches welchen wieviel worum
    que cual cuales cuando donde quien quienes como cuanto cuanta cuantos cuantas"""
)

# Said to somebody at the beginning of a request.
REQUESTS = _words(
    """tell say play stop wait help explain give show describe sing read write translate repeat look listen
    let let's remind set find search count turn come go shut pick choose define calculate remember forget
    guess imagine summarize summarise continue quiet hush leave check join answer speak talk start pause
    skip roll flip don't suggest recommend spell convert pronounce
    sag sage erzahl erzahle erklar erklare spiel spiele mach mache gib zeig zeige hor hilf komm warte such
    suche stell stelle ubersetz ubersetze lies schreib schreibe rechne nenn nenne merk erinner erinnere
    stopp sei lass schau guck beschreib wiederhol wiederhole nimm geh hast bist kannst konntest weisst
    willst wurdest magst findest glaubst denkst meinst machst spielst horst haltst sagst verstehst
    siehst kennst darfst sollst musst brauchst
    di dime dinos cuentame cuentanos explica explicame explicanos pon ponme toca espera ayuda ayudame
    ayudanos dame danos muestra muestrame traduce traduceme repite repiteme canta cantame lee leeme
    escribe busca buscame calla callate recuerda recuerdame haz hazme deja dejame ven vete describe sigue
    elige adivina avisame para puedes podrias sabes quieres crees piensas recuerdas tienes estas eres
    escuchas oyes conoces"""
)

YOU = _words(
    """you your yours yourself you're you'd you've you'll
    du dich dir dein deine deinen deiner deinem
    tu te ti tus tuyo contigo usted vos"""
)

PRONOUNS = YOU | _words(
    """i i'm i'd i've we he she they it there anyone anybody somebody ich wir man es ihr sie er yo nosotros"""
)

# What makes an English "was" behind a name a German one: "Parley was ist das".
GERMAN_AFTER_WAS = _words("ist sind kann soll heisst gibt bedeutet fur hast bist meinst haltst machst")

# In front of a subject in a question; after it in a statement about it.
AUXILIARIES = _words(
    """is are was were do does did can could will would should have has had may might must isn't aren't
    wasn't don't doesn't didn't can't couldn't won't wouldn't shouldn't hasn't haven't
    ist sind war hat hatte kann konnte wird wurde soll sollte darf muss gibt"""
)

# Of somebody who is not spoken to.
THIRD_PERSON = AUXILIARIES | _words(
    """said says told tells thinks thought knows knew works worked sounds got gets went goes seems made makes
    keeps kept never always just really still only also already and or with
    sagt sagte meint meinte weiss wusste funktioniert spinnt antwortet hort redet macht versteht spricht
    geht klingt und oder mit nie immer wieder schon nervt hangt
    es esta era fue tiene ha puede podia sabe sabia funciona contesto contesta respondio responde habla
    cree dijo dice se no me y o con nunca siempre parece hace suena entiende va"""
)

# What goes in front of a name that is spoken about.
GOVERNORS = AUXILIARIES | _words(
    """ask asks asked asking tell tells told telling say saying said about to with without for from by of on
    like likes liked love loves hate know knew met use uses used using try tried see saw seen hear heard
    hears call calls called named meet invite invited mute muted add added kick kicked thank let make made
    than as if whether because when while my our your their a an the or not
    frag frage fragt fragen fragst gefragt sag sagen uber mit ohne fur von zu bei an dass ob wenn weil als
    der die den dem unser unsere unseren unserem dein deinen mein meinen ein einen einem oder heisst
    heissen kenn kennst kennt mag magst benutzt nutzt horst hort ruf rufst lass ladt nach eigentlich
    a de con sin por para sobre si era el la un una mi tu nuestro nuestra llama llaman llamado preguntale
    pregunta preguntar preguntaste pregunte conoces conoce dijo dice dile hace ha o como usa usas probaste
    probado oiste escuchaste escuche oi cuando porque"""
)

# Of these a comma does not free the name: "it is called, uh, Parley".
NAMING = _words("called named heisst heissen hiess llama llamaba llamado nombre namens")

# What may stand right before a name that is called at the end without a comma.
BEFORE_A_CALL = YOU | _words(
    """it me us this here now today tomorrow again up right then so please
    mir mich uns das hier jetzt heute morgen nochmal denn los
    aqui ahora hoy manana eso esto nos"""
)
