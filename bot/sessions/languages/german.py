"""German."""

from __future__ import annotations

from bot.sessions.languages.language import Language, phrases, snowball, words

GERMAN = Language(
    "de",
    snowball("german"),
    common=words(
        """
    aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus bei
    beim bereits bin bis bist bitte da dabei dafür damit dann daran darauf darf darüber das dass dazu
    dein deine deinem deinen deiner dem den denen denn der deren des dessen dich die dies diese diesem
    diesen dieser dieses dir doch dort du durch eher ein eine einem einen einer eines einfach einige
    einmal er es etwa etwas euch euer eure eurem euren für ganz gar geben gegen gehen gemacht gerade
    gern gerne gibt gut gute guten hab habe haben habt hallo hast hat hatte hatten hier hin hinter ich
    ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins irgendwie ist ja jede jedem jeden jeder
    jedes jetzt kann kannst kein keine keinen könnt könnte könnten können machen macht man manche
    manchmal mehr mein meine meinem meinen meiner meint mich mir mit muss musst möchte müssen nach
    natürlich neben nein nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen
    seiner seit selbst sich sie sind so sogar solche soll sollen sollte sollten sondern sonst sowie
    tun um und uns unser unsere unter viel viele vielen vielleicht vom von vor wann war waren warum
    was wegen weil welche welchem welchen welcher welches wenn wer werde werden wie wieder will wir
    wird wirklich wo wofür wollen worden wurde wurden während wäre wären würde würden würdest zu zum
    zur zwischen über danke frage fragen buch bücher autor autorin autoren
    """
    ),
    chat=words(
        """
    hallo hi hey moin servus grüezi tag morgen abend nacht guten schönen liebe lieber liebes grüße
    gruß willkommen leute zusammen freunde team danke dank herzlichen vielen besten dankbar dankeschön
    toll tolle tolles tollen toller super klasse großartig großartige wunderbar wunderbare spannend
    spannende spannenden interessant interessante interessanten hilfreich hilfreiche schön schöne
    schönes prima genial perfekt perfekte glückwunsch glückwünsche gratuliere gratulation freue freuen
    freut froh begeistert gespannt ehre vergnügen tschüss tschüs ciao wiedersehen bald später morgen
    woche wochenende glück erfolg wünsche wünschen hoffe entschuldigung sorry klar stimmt genau
    einverstanden ebenso ebenfalls haha hihi lol wow sitzung runde veranstaltung gespräch diskussion
    zeit mühe gelegenheit teilen community kanal organisation organisieren organisatoren teilnahme
    teilnehmen teilgenommen dabei gewinner gewinnerin gewinnerinnen verlosung ankündigung erinnerung
    frage fragen antwort antworten beantwortet beantworten beantwortung ausführliche ausführlichen
    schnelle schnellen arbeit nächsten nächste mal
    """
    ),
    marks=phrases(
        r"hallo|hi|hey|moin|servus|grüezi|guten (?:tag|morgen|abend)|gute nacht|liebe grüße|willkommen",
        r"(?:vielen|herzlichen|besten|tausend) dank|danke(?:schön)?|(?:herzlichen )?glückw\w+|gratul\w+",
        r"tschüs+|ciao|auf wiedersehen|bis (?:bald|dann|morgen|später|zum nächsten)|viel (?:glück|erfolg"
        r"|spaß)|schönes? (?:wochenende|woche|tag|abend)|schöne[ns]? (?:woche|tag|abend)",
        r"(?:ich |wir )?freue[n]? (?:mich|uns)|ich auch|geht mir (?:auch|genauso) so|genau|stimmt"
        r"|einverstanden|haha+|lol|\+1|wow|erinnerung|ankündigung",
        r"(?:die|der) gewinner\w* (?:ist|sind)|tolle[sr]? (?:buch|fragen?|antwort\w*|runde|arbeit)"
        r"|spannende (?:fragen?|runde)|fragt (?:gern|einfach|los)|bin (?:jetzt )?(?:da|online|hier)",
    ),
    pleasantries=phrases(
        r"wie geht(?:'s|s| es)?(?: euch| dir| ihnen| allen| so| heute)*|was geht|wie toll"
        r"|(?:noch |weitere )?(?:weitere )?fragen|oder|nicht wahr",
    ),
    asks=phrases(
        r"wie|was|warum|wieso|weshalb|welche[nmrs]?|wann|wofür|womit|worin|wohin|woher|inwiefern|ob",
        r"(?:ich )?frage mich|(?:würde|möchte|wollte|hätte)(?: \w+){0,4} (?:wissen|fragen|hören"
        r"|verstehen|frage)|mich interessier\w+|interessieren würde|neugierig",
        r"meine (?:\w+ )?frage|(?:eine|noch eine|kurze|habe|hätte|paar)(?: \w+){0,2} fragen?",
        r"(?:kannst|könnt(?:e|est|en|et)?|können|würdest|würdet|hast|habt|gibt|sollte[nt]?|solltet) "
        r"(?:du|ihr|sie|es|man|ich|wir)|erklär\w*|empfehl\w+|empfiehl\w*|tipps?|rat(?:schläge)?"
        r"|vorschläge?|hilf\w*|helfen|verstehe (?:nicht|ich nicht)|problem|fehler|unterschied",
    ),
    starts=phrases(
        r"ist|sind|gibt|hat|haben|habt|kann|können|könnt\w*|soll\w*|wird|werden|wer|würde\w*|darf|muss"
    ),
)
