"""English."""

from __future__ import annotations

from bot.sessions.languages.language import Language, phrases, words


def _stem(word: str) -> str:
    """The word without the ending of a plural or a tense.

    It is cruder than Snowball's stemmer and finds misspelt words better: `scripts/similar.py`.
    """
    for ending in ("ingly", "ing", "edly", "ed", "ies", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


ENGLISH = Language(
    "en",
    lambda: _stem,
    common=words(
        """
    a about all also am an and any are as at be because been being between both but by can
    could did do does doing don else ever every few for from get got had has have he hello
    help her hey hi him his how i if im in into is it its just let like make may me might
    more most much my need no not now of on one only or other our out over own please
    question questions really s say see she should so some something such t than thank
    thanks that the their them then there these they thing things think this those through
    to too up us use used using ve very want was way we well were what when where which
    while who why will with work would you your yours book author books congrats
    congratulations great
    don isn doesn didn won aren wasn weren couldn wouldn shouldn hasn haven ll re im ive id
    everyone everybody anyone anybody someone somebody nobody here today now yet again ever
    """
    ),
    chat=words(
        """
    hi hello hey hiya howdy dear greetings morning afternoon evening night day week weekend
    welcome folks guys team friends gang y'all yall thx ty thanks thank thankful cheers kudos props
    grateful gratitude appreciate appreciated appreciation great amazing awesome excellent
    fantastic wonderful cool nice lovely super brilliant insightful helpful inspiring interesting
    terrific perfect good better best fun pleasure honor honour honored honoured congrats
    congratulations love loved enjoy enjoyed enjoying happy glad excited exciting delighted
    thrilled forward looking look meet meeting soon later tomorrow tonight bye goodbye farewell
    luck wish wishes wishing hope regards sorry yes yeah yep yup nope ok okay sure agree agreed
    absolutely exactly indeed same plus lol haha hahaha wow yay hooray true session sessions event
    events insights chat discussion conversation time effort efforts opportunity sharing share shared
    community channel platform host hosts hosting hosted organizing organising organizer organizers
    organiser organisers participating participated participation participants joining joined join
    reader readers copy copies winner winners giveaway announce announced announcing announcement
    reminder question questions queries answer answers answering answered reply replies replying
    response responses respond super quick quickly detailed taking took doing putting writing
    wrote part collaborations fellow attending watching following seeing forward next end wrap
    wrapping online live around back feel free drop ask away keep coming far until
    """
    ),
    marks=phrases(
        r"hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|night|day)",
        r"thank(?:s|ful)?(?: you| u)?|thx|ty|cheers|kudos|props to|much appreciated",
        r"(?:i|we|really|greatly|very) appreciate[sd]?|grateful",
        r"welcome|congrat(?:s|ulations)|well done|good luck|best of luck|happy (?:to|new|holidays)",
        r"(?:good)?bye|farewell|see (?:you|ya)|take care|(?:wish|wishing) (?:you|everyone|all)",
        r"(?:so |very |super |really )?(?:excited|glad|happy|delighted|thrilled|honou?red) to",
        r"look(?:ing)? forward|me too|same here|i agree|agreed|exactly|\+1|lol|haha+|wow|yay",
        r"(?:i|we)(?:'ve| have)? ?(?:just )?joined|(?:i|we)(?:'m| am|'re| are) (?:here|online|live|back)",
        r"ask away|keep (?:'?em|them|the questions|your questions) coming|questions so far",
        r"feel free to (?:ask|drop|post)|answering (?:your )?questions|(?:we|i)(?:'ll| will) answer",
        r"reminder|announcement|(?:the )?winners? (?:is|are|will)|(?:congrat\w* )?to the winners?",
        r"(?:great|good|nice|awesome|amazing|excellent|interesting|fantastic) (?:book|work|job|answers?"
        r"|questions?|session|stuff|point|explanation|talk|read)",
        r"(?:we|the) (?:session|event|week) (?:is|has|starts?|ends?|opens?|closes?)",
    ),
    pleasantries=phrases(
        r"how(?:'s| is| are| has| have) (?:you|u|everyone|everybody|y'all|we|it|things|life)(?: all"
        r"| everyone| guys| both| doing| going| feeling| today| been)*",
        r"what'?s up|how do you do|(?:have|had) an? (?:\w+ )?(?:\w+ )?(?:day|week|weekend|evening|one"
        r"|time|night)",
        r"(?:any|more)(?: more| other| further)? questions|let (?:me|us) know if you have (?:\w+ )?"
        r"(?:\w+ )?questions|(?:anyone|anybody|who) else (?:here )?(?:excited|reading|joining)",
        r"isn'?t it|right|don'?t you think|you know what|that'?s (?:what|how) (?:i|we) \w+",
        r"when i was asked|can'?t wait|who can resist",
    ),
    asks=phrases(
        r"what|whats|why|which|how|whether|whose|where",
        r"wonder(?:ing|ed)?|curious|clarif\w+|elaborate|explain|advice|advise|suggest\w*|recommend\w*",
        r"(?:'d|would|want(?:ed)?|like|love)(?: \w+)? to (?:know|hear|ask|understand|learn|see if)",
        r"tell (?:us|me)|please (?:help|share|let|correct|give|point)|let (?:me|us)? ?know|help me",
        r"any (?:advice|tips?|suggestions?|ideas?|thoughts|recommendations?|plans?|chance|resources?"
        r"|hints?|examples?|pointers|insights?|free|good|way)",
        r"(?:my|a|an|one|another|quick|few|couple of|some|following|second|third|last|side"
        r"|following|other|more)(?: \w+){0,2} questions?(?! (?:so far|coming))",
        r"questions? (?:is|are|about|regarding|on|for)|(?:is|are|was|does|do) (?:it|there|this|that)"
        r"|can you|could you|would you|do you|did you|are you|have you|will you|should (?:i|we|one)"
        r"|can (?:i|we)|if you could|it this|difference between|versus|vs",
        r"q[:)]|q\d|i (?:don'?t|do not|didn'?t) (?:understand|get|see)|confus\w+|stuck|error|problem",
    ),
    starts=phrases(
        r"can|could|would|should|shall|will|is|are|was|were|do|does|did|has|may|might|who|whom|when"
    ),
)
