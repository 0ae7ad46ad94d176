"""What a message says that belongs to no question: general marks of talk.

Each mark is a pattern of how people speak to a channel and not to one person. None of them is
about the subject of a book. One mark alone is weak; a long message with one is weaker still, since
answers also give thanks and links (`signals.talk`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from bot.sessions.pairing.words import plain

EVERYONE = re.compile(
    r"\b(everyone|everybody|(?:all|most|many|some|any|each|both|the rest) of you"
    r"|(?:hi|hey|hello|thanks|thank you|welcome),? (?:all|team)|participants|ladies and gentlemen"
    r"|you all|folks|guys|y'all|all (?:the|these|your) (?:\w+ )?questions|winners?|organi[sz]ers?"
    r"|keep (?:'?em |them )?(?:the questions )?coming|ask away|questions so far"
    r"|(?:happy|glad) to be here|(?:i|just) joined|new questions|hosting|having me"
    r"|(?:this|our) (?:slack )?(?:channel|community|club|group)|the channel"
    r"|(?:morning|afternoon|evening),? all)\b",
    re.I,
)
"""Speaks to all who read: a greeting, a thanks, a call for questions."""

_LATER = re.compile(
    r"\b(?:i|we)(?:'ll| will|'m going to| am going to| are going to| try to|'m|'re| am| are)"
    r"(?: \w+){0,2} (?:(?:answer|answering|get (?:back )?to|respond|responding|reply|replying"
    r"|go through|going through|catch up|catching up)|(?:be|stay) (?:back|here|online|around|available)"
    r"|check back|drop by|check in)\b"
    r"|\b(?:my )?(?:more )?answers? (?:is |are )?(?:coming|tomorrow|tonight|this (?:afternoon|evening))\b",
    re.I,
)
_PRESENT = re.compile(
    r"\b(?:i'?m|i am|we'?re|we are)(?: now| finally| still| also| both| here)? "
    r"(?:online|live|around|available|back|here|signing (?:off|out)|logging (?:off|on|in|out)"
    r"|heading (?:out|off)|excited to|looking forward|thrilled|honou?red|delighted)\b"
    r"|\bintroduce (?:myself|ourselves)\b|\babout (?:me|us|myself):|\bi(?:'m| am) (?:one of )?the (?:\w+ )?authors?\b"
    r"|\b(?:logging off|signing off|checking in|ask me anything|feel free to ask|drop (?:your|any)"
    r" questions|any (?:more|other|further) questions)\b",
    re.I,
)
_HOST = re.compile(
    r"\b(?:thank(?:s| you)?|grateful|kudos|shout.?out|props|appreciate|congrat\w*)\b[^.!?\n]{0,80}"
    r"\b(?:hosting|having (?:me|us)|inviting|invitation|organi[sz]\w+|opportunity|platform|venue"
    r"|setting (?:this|it) up|communit\w+|channel|event|participat\w+|making this)\b",
    re.I,
)
_FAREWELL = re.compile(
    r"\b(?:good ?bye|bye|farewell|see you|good ?night|until next"
    r"|(?<!to )take care(?! (?:of|to|that|not|when|with)\b)|(?:have|had) a "
    r"(?:great|good|nice|lovely|wonderful) (?:\w+ )?(?:day|week|weekend|evening|night|one|time)"
    r"|(?:it'?s|it has|it was|this (?:has|was))(?: \w+)? (?:been|a (?:\w+ )?(?:pleasure|week))"
    r"|keep in touch|stay in touch|reach out to me|find me on|connect (?:with me )?on"
    r"|follow (?:me|us|@\w+)|e-?mail me)\b",
    re.I,
)
_OFFER = re.compile(
    r"\b(?:discount|coupon|promo|giveaway|giv(?:e|ing) away|% off|half price|on sale|sign up|register|join us|join the"
    r"|rsvp|webinar|meetup|newsletter|mailing list|live ?stream|upcoming|new (?:episode|release"
    r"|course|video|post|article)|(?:leave|write|give|post) (?:\w+ )?(?:a|an|your)? ?(?:\w+ )?review"
    r"|(?:pre-?)?order|now available|just (?:released|published|launched|posted)"
    r"|(?:anyone|if you(?:'re| are)|those|whoever|for all) (?:who (?:is|are) )?"
    r"(?:interested|would like|wants? to|wish))\b",
    re.I,
)
_AWAY = re.compile(
    r"\b(?:sick|ill|fever|flu|on vacation|on holiday|travel(?:l?ing)|on a plane|out of office|offline"
    r"|apolog\w+ for (?:the|my|being|not)|sorry (?:for (?:the|my|being|not)|(?:that|if) i|folks|all)|my apologies"
    r"|time ?zone|technical issues|can(?:'t|not) make it|bear with|be patient)\b",
    re.I,
)
_ASIDE = re.compile(
    r"\b(?:not (?:really )?(?:an? )?(?:answer\w*|question|related|a reply)|unrelated|off.?topic"
    r"|(?:on a|a) (?:side|quick|small|general|different) (?:note|remark|announcement|reminder)"
    r"|f\.?y\.?i|just sharing|(?:wanted|want|like|thought i'?d) (?:to )?(?:share|mention|announce"
    r"|let you know|point out)|(?:nobody|no one) (?:has )?(?:asked|brought|mentioned)"
    r"|(?:this|that|interesting|great) (?:article|tweet|paper|video|post)|p\.?s\.? (?:for|to) (?:all|those)|reminder|announcement|happy to announce)\b",
    re.I,
)
_COURTESY = re.compile(
    r"\b(?:you(?:'re| are) (?:very |most |more than )?welcome|my pleasure|no (?:problem|worries)"
    r"|any ?time|glad (?:it|that|you|to (?:hear|read|see|help))"
    r"|(?:happy|pleased|good|great|nice|lovely) to (?:hear|read|see|meet)|congrat\w*|well (?:deserved|done)"
    r"|ha(?:ha)+|lol|wow|hooray|yay|kudos|shout.?out|enjoy (?:the|your) (?:book|copy|day|week\w*|evening)"
    r"|good luck|all the best|have fun|kind of you|means a lot|kind words|warm welcome|please welcome"
    r"|welcome to (?:the|our|this) \w+|let'?s go|(?:an|the|my) honou?r|enjoyed|had (?:a blast|fun)|proud|hats off|terrific|(?:do|did) (?:a|an) \w+ job|made my day|(?:special|big|many|huge"
    r"|heartfelt) thanks?|thanks? (?:you )?to|overwhelmed|happy reading|wish(?:ing)? (?:you|all|everybody))\b",
    re.I,
)
_TODAY = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|(?:this|next|last) (?:morning|afternoon|evening|week|weekend|month)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend|\d{1,2}(?::\d\d)? ?(?:am|pm|cet|utc|est|pst)"
    r"|\d{1,2}:\d\d|(?:few|two|three|half an?|an|last|next|more|thirty|twenty) (?:more )?(?:minutes?|hours?)"
    r"|(?:a|one) (?:sec|minute|moment)|lunch|dinner|breakfast|coffee|late here|(?:still|back) here|for now"
    r"|good (?:morning|afternoon|evening|night)|meetings?|call it a day|(?:in|for|until) (?:a|an|two|three|four|\d+|some)"
    r" (?:days?|weeks?|hours?|minutes?)|take over|stand in|over already|done for)\b",
    re.I,
)
_SESSION = re.compile(
    r"\b(?:threads?|channel|slack|messages?|dm|inbox|(?:tag|ping|mention|message|contact|reach|write to)"
    r" me|notifications?|pin|backlog|winners?|the draw|giveaways?|copies|poll"
    r"|(?:the|your|all|new|more|other|these|many|some|most|first|\d+) (?:\w+ )?questions"
    r"|asked (?:anything|a question)|this (?:discussion|session|event)|missed (?:any|some|your)"
    r"|replies|replied|here is a question|my answers?)\b",
    re.I,
)
_OUTSIDE = re.compile(
    r"\b(?:podcasts?|recording|slides|episode|workshop|trainings?|conference|interview|errata"
    r"|repo(?:sitory)?|signed|percent off|free|half.price|publisher|hiring|blog|linkedin|twitter"
    r"|mastodon|discord|youtube|subscribe|translation|edition|e-?book|paperback|hardcover|ship(?:s|ped)?"
    r"|readers|rating|come (?:by|and say)|speaking at|a course|my (?:\w+ )?(?:course|talk|channel|team|site|website|company)|on the cover|printed)\b",
    re.I,
)
_CHECKS = re.compile(
    r"\b(?:make sense|makes sense|help|helps|clear|answers? (?:your|the|it)|what you (?:mean|meant|asked"
    r"|are asking)|you mean|your (?:question|case|use)|agree|right)\b",
    re.I,
)
_POSED = re.compile(
    r"\b(?:here(?:'s| is| comes)|i have|i've got|now|let me ask)(?: \w+){0,2} questions?\b"
    r"|\bquestions? (?:for|to|from|of) (?:you|me|us|my|everyone|everybody|all|the (?:day|group|readers))\b"
    r"|\bi(?:'m| am)(?: \w+)? (?:curious|wondering)\b",
    re.I,
)
_TO_READERS = re.compile(r"\b(?:you|your|anyone|anybody|everyone|who|folks|we|thoughts)\b", re.I)
_TELL = re.compile(
    r"\b(?:(?:please |do |and )?(?:tell|let) (?:me|us) know (?:what|which|how|if|who|where)|tell (?:me|us)"
    r"|your turn|turn the tables|vote|poll|(?:love|like|curious|interested) to hear|wonder what you"
    r"|(?:should|shall|may) (?:i|we)\b[^.!?\n]{0,80}\?|where (?:do|can|shall|should) (?:i|we)\b[^.!?\n]{0,60}\?"
    r"|is it (?:ok|okay|fine|all right)|(?:can|could) you (?:pin|move|open|add|merge))",
    re.I,
)
"""Asks those who read to tell or do something."""
_GREETED = re.compile(
    r"\b(?:hi|hello|hey|dear|thanks|thank you|welcome),? ((?-i:@?[A-Z][\w'-]+)(?:(?:,? and |, ?| & |/| )"
    r"(?-i:@?[A-Z][\w'-]+)){0,5})",
    re.I,
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")

_MARKS = {
    "speaks to everyone": EVERYONE,
    "speaks of answering": _LATER,
    "says that they are there": _PRESENT,
    "thanks the host": _HOST,
    "says farewell": _FAREWELL,
    "advertises": _OFFER,
    "says that they are away": _AWAY,
    "says that it is an aside": _ASIDE,
    "is a courtesy": _COURTESY,
    "speaks of the day": _TODAY,
    "speaks of the session": _SESSION,
    "speaks of other places": _OUTSIDE,
}


def marks(text: str) -> frozenset[str]:
    """The marks of talk in a visible text, by the names of signals."""
    text = text.replace("’", "'")
    found = {name for name, pattern in _MARKS.items() if pattern.search(text)}
    if _asks_readers(text):
        found.add("asks the readers")
    return frozenset(found)


def _asks_readers(text: str) -> bool:
    """Whether it ends in a question to those who read, and not whether an answer was clear."""
    if _TELL.search(text):
        return True
    sentences = [one.strip() for one in _SENTENCE.findall(text) if one.strip(" .!?")]
    questions = [one for one in sentences[-2:] if one.endswith("?") and not _CHECKS.search(one)]
    posed = _POSED.search(text) is not None
    return any(posed or _TO_READERS.search(one) for one in questions)


def to_all(text: str) -> str:
    """The sentences that speak to everyone or thank a host: who is named there is not answered."""
    return " ".join(
        one for one in _SENTENCE.findall(text) if EVERYONE.search(one) or _HOST.search(one)
    )


def greeted(texts: Iterable[str]) -> set[str]:
    """The names, as plain words, of whom askers greet: `Hi Odile and Teun`."""
    return {
        plain(word)
        for text in texts
        for found in _GREETED.findall(text)
        for word in re.findall(r"[^\W_]+", found)
        if len(word) > 2
    }


def of_people(names: Collection[str]) -> re.Pattern[str]:
    """What finds that somebody of these names is spoken of: `Teun is ill`, `Teun and I`."""
    if not names:
        return re.compile(r"\bmy co-?author\b")
    known = "|".join(sorted(map(re.escape, names)))
    return re.compile(
        rf"\b(?:{known})(?: \w+)? (?:is|was|will|has|had|can|can't|could|couldn't|isn't|won't|would"
        rf"|sends|says|said|and (?:i|me|myself))\b|\b(?:and|with) (?:{known})\b|\bmy co-?author\b",
        re.I,
    )
