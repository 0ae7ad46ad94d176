"""Spanish."""

from __future__ import annotations

from bot.sessions.languages.language import Language, phrases, snowball, words

SPANISH = Language(
    "es",
    snowball("spanish"),
    common=words(
        """
    a al algo alguien alguna algunas alguno algunos algún ante antes aquel aquella aquello aquí así
    aunque aún bajo bien cada casi como con contra cosa cosas cual cuales cualquier cuando cuanto
    cuál cuáles cuándo cuánta cuántas cuánto cuántos cómo de debe deben debería del desde después
    donde dos durante dónde e el ella ellas ello ellos en entonces entre era eran eres es esa esas
    ese eso esos esta estaba estado estamos estar estas este esto estos está están estás estoy ex
    fue fueron gran ha haber había hace hacer hacia han has hasta hay haya he hemos hoy incluso ir
    ja la las le les lo los luego me mejor mi mientras mis misma mismo mucha muchas mucho muchos muy
    más mí ni ningún ninguna no nos nosotras nosotros nuestra nuestras nuestro nuestros o os otra
    otras otro otros para parece pero poco podría podrían por porque pregunta preguntas puede pueden
    puedo pues que quien quienes quiere quiero quién qué respecto se sea sean ser si sido siempre sin
    sobre sois solo somos son soy su sus sí sólo tal también tampoco tan tanto te tener tenemos tengo
    ti tiene tienen toda todas todavía todo todos tras tu tus tú u un una unas uno unos usar usted
    ustedes va vamos van vez veces vosotras vosotros voy vuestra vuestro y ya yo él éste libro libros
    autor autora autores gracias hola bueno buena gustaría creo sería cree
    """
    ),
    chat=words(
        """
    hola buenas buenos días día tardes noches saludos saludo querido querida queridos bienvenido
    bienvenida bienvenidos bienvenidas amigos amigas equipo chicos chicas colegas gracias mil
    agradezco agradecido agradecida agradecidos agradecemos genial excelente fantástico fantástica
    maravilloso maravillosa estupendo estupenda increíble interesante interesantes gran útil
    inspirador perfecto perfecta felicidades felicitaciones enhorabuena encanta encantó encantado
    encantada encantados feliz contento contenta alegro alegra emoción emocionado emocionada ganas
    ilusión placer honor abrazo abrazos adiós chao hasta luego pronto mañana semana suerte deseo
    deseamos espero lamento siento perdón vale claro acuerdo exacto igualmente jaja jajaja ja sesión
    evento charla conversación tiempo esfuerzo oportunidad compartir comunidad canal organizar
    organización organizadores participar participación participado ganador ganadora ganadores
    ganadoras sorteo anuncio anunciamos recordatorio pregunta preguntas respuesta respuestas responder
    respondido contestar buenísimo buenísima detallada rápida maravilla trabajo próximo próxima vemos
    """
    ),
    marks=phrases(
        r"hola|buen[oa]s(?: días| tardes| noches)?|saludos|bienvenid[oa]s?",
        r"(?:muchas |mil |muchísimas )?gracias|agradec\w+|felici\w+|enhorabuena|buen trabajo",
        r"adiós|chao|hasta (?:luego|pronto|mañana|la próxima)|nos vemos|cuídense|un abrazo|suerte",
        r"(?:muy |tan )?(?:encantad|content|emocionad|feli)\w* de|qué (?:ilusión|bien|genial|bueno)",
        r"yo también|igualmente|de acuerdo|exacto|totalmente|jaja\w*|\+1|recordatorio|anunci\w+",
        r"l[oa]s? ganador\w* (?:es|son)|gran (?:libro|trabajo|sesión)|excelentes? (?:libro|preguntas?"
        r"|respuestas?|sesión)|pregunten|sigan preguntando|ya estoy (?:aquí|en línea)",
    ),
    pleasantries=phrases(
        r"(?:qué|que) tal(?: est\w+)?(?: todos| todas)?|cómo (?:están?|estáis|va|les va)(?: todos"
        r"| todas| todo)?",
        r"qué (?:ilusión|bien|genial|bueno|maravilla|gran \w+)|(?:alguna|más) (?:otra )?preguntas?"
        r"|verdad",
    ),
    asks=phrases(
        r"qué|cuál(?:es)?|cómo|por ?qué|cuánt[oa]s?|dónde|cuándo|quién(?:es)?",
        r"me (?:pregunto|preguntaba|gustaría|interesa\w*)|quisiera|quería (?:saber|preguntar)",
        r"mi (?:\w+ )?pregunta|(?:una|otra|tengo|unas|varias|algunas)(?: \w+){0,2} (?:pregunta|duda)s?",
        r"podrías?|podría(?:n|is)?|puedes?|pueden|explicar?\w*|recomiend\w+|recomendar\w*|consejos?"
        r"|alguna (?:sugerencia|idea|recomendación)|ayud\w+|aclar\w+|no entiendo|problema|error",
    ),
    starts=phrases(
        r"es|son|hay|existe[ns]?|crees?|creen|piensas?|piensan|debería\w*|tiene[sn]?|has|han|vale la"
        r" pena|sería|será|va[ns]?"
    ),
)
