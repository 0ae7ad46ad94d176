"""The phrases of talk: how people speak to a channel and not to one asker.

One phrase a line, as a pattern of whole words in any case. None of them is about the subject of a
book. What an answer may say as well stands here only with the words around it that an answer does
not have.
"""

from __future__ import annotations

import re


def _phrases(lines: str) -> re.Pattern[str]:
    """One pattern of the phrases that stand on the lines."""
    every = "|".join(line.strip() for line in lines.splitlines() if line.strip())
    return re.compile(rf"(?<!\w)(?:{every})(?!\w)", re.IGNORECASE)


EVERYONE = _phrases(r"""
    (?:hi|hey|hello|hiya|dear|thanks|thank you|thx|welcome|congrat\w*|cheers|bye|good ?night|morning|afternoon|evening)\b[^.!?\n]{0,25}\b(?:everyone|everybody|all|team|folks|guys)
    (?<!for )(?<!by )(?<!than )(?<!like )(?:everyone|everybody|folks|guys)(?=\s*(?:[,.!:;?🙂]|$))
    to (?:everyone|everybody|you all)
    (?:everyone|everybody) (?:who|here|in (?:this|the))
    (?:could|can|would|may) (?:everyone|everybody)
    (?:note|reminder|hint|word) (?:for|to) (?:everyone|everybody|all)
    you guys|y'all|you all
    (?:all|most|many|some|any|each|both|the rest) of you
    ladies and gentlemen
    (?:dear|all) participants
    all (?:of )?(?:the|these|your) (?:\w+ )?(?:questions|suggestions|messages|comments|ideas)
    (?:who|anyone|anybody) here
    winners|the winner of
    organi[sz]ers
    keep (?:'?em |them )?(?:the questions )?coming
    ask away|fire away
    questions so far
    (?:happy|glad) to be here
    (?:i|just) joined
    new questions
    hosting (?:me|us|this|the week)|having me
    (?:this|our) (?:slack )?(?:channel|community|club|group)|(?:to|in) the channel
""")
"""Speaks to all who read: a greeting, a thanks, a call for questions."""

LATER = _phrases(r"""
    (?:i|we)(?:'ll| will|'m going to| am going to| are going to| try to|'m|'re| am| are)(?: \w+){0,2} (?:answer|answering|get (?:back )?to|respond|responding|reply|replying|go through|going through|catch up|catching up)
    (?:i|we)(?:'ll| will|'m going to| am going to| are going to| try to)(?: \w+){0,2} (?:(?:be|stay) (?:back|here|online|around|available)|check back|drop by|check in|look in|continue|carry on)
    (?:my )?(?:more )?answers? (?:is |are )?(?:coming|tomorrow|tonight|this (?:afternoon|evening))
    to be continued
    (?:give|leave|allow) me (?:until|till|the|a|an|some|one|two)(?: \w+){0,2} (?:day|night|evening|weekend|week|hour|minute|moment|bit|while|time|morning|tomorrow)s?|(?:give|leave) me (?:until|till)
    (?:will|i'll|let me|to)(?: \w+){0,6} (?:and|then) (?:come|get|be|write|report) back
    (?:come|get|write|report) back (?:to (?:you|this|that|it|yours) )?(?:later|soon|tomorrow|tonight|on \w+day|when|once|as soon)
    let me (?:sleep on|get back|come back|think about (?:it|this|that|yours))
    deserves? (?:a|more|better|longer|some|my)(?: \w+){0,3} (?:than|answer|reply|thought|time|keyboard)
    (?:don't|do not|won't|would not|wouldn't) want to (?:answer|rush|give)(?: \w+){0,3} (?:quickly|hurry|haste|between)
""")

PRESENT = _phrases(r"""
    (?:i'?m|i am|we'?re|we are)(?: now| finally| still| also| both| here)? (?:online|live|around|available|back|here|signing (?:off|out)|logging (?:off|on|in|out)|heading (?:out|off)|excited to|looking forward|thrilled|honou?red|delighted)
    introduce (?:myself|ourselves)
    (?:hi|hiya|hello|greetings|good (?:morning|afternoon|evening)) from
    new (?:here|(?:to|on|in) (?:slack|this|here))
    (?:^|\n)(?:(?:ok|okay|so|and|i'?m|we'?re),? )*back(?: (?:again|now|home|at|from))?(?= ?[.,!:;\n]|$| (?:again|now|home|at|from))
    (?:be|right|straight) back
    about (?:me|us|myself):
    i(?:'m| am) (?:one of )?the (?:\w+ )?authors?
    logging off|signing off
    checking in(?=\s*(?:[.!,]|$))
    ask me (?:anything|whatever)|feel free to ask
    drop (?:your|any) questions
    any (?:more|other|further) questions
""")

HOST = _phrases(r"""
    (?:thank(?:s| you)?|grateful|kudos|shout.?out|props|appreciate|congrat\w*)\b[^.!?\n]{0,80}\b(?:hosting|having (?:me|us)|inviting|invitation|organi[sz]\w+|opportunity|platform|venue|setting (?:this|it) up|communit\w+|channel|event|participat\w+|making this)
""")

FAREWELL = _phrases(r"""
    good ?bye|bye|farewell|see you|good ?night|until next
    (?<!to )take care(?! (?:of|to|that|not|when|with)\b)
    (?:have|had) a (?:great|good|nice|lovely|wonderful) (?:\w+ )?(?:day|week|weekend|evening|night|one|time)
    (?:it'?s|it has|it was|this (?:has|was)|that was)(?: \w+)? (?:been (?:a|an|so|such|really|great|lovely|fun|my)|an? (?:\w+ )?(?:pleasure|week|wrap))
    (?:keep|stay) in touch
    reach out to me|find me (?:on|at)|e-?mail me
    connect with me on|connect on (?:linkedin|twitter)
    follow (?:me|us|@\w+)
""")

OFFER = _phrases(r"""
    discount(?! (?:factor|rate)s?)|coupon|promo(?:tion)? code|\d+ ?% off|half price|on sale
    giveaways?|giv(?:e|ing) away|raffle|sticker
    sign up (?:here|at|for|on|if|now)
    register (?:here|at|now|on|for)|registration:
    join us|join the (?:call|channel|webinar|list|group|session|community|club|stream)
    rsvp|webinar|meetup|newsletter|mailing list|live ?stream
    (?:my|our|an|the) upcoming
    (?:my|our|a) new (?:episode|course|video|post|article|book)
    (?:leave|write|give|post) (?:\w+ )?(?:a|an|your)? ?(?:\w+ )?review
    pre-?order|order (?:now|it|your|here|today)
    now available|early access|wish ?list|(?:is|are) up (?:now|since)|is out now|went online|(?:is|are) (?:now )?online
    just (?:released|published|launched|posted)
    (?:anyone|if you(?:'re| are)|those|whoever|for all) (?:who (?:is|are) )?(?:interested|would like|wants? to join)
""")

AWAY = _phrases(r"""
    (?:is|are|am|i'?m|was|been|be|got|feeling|fell|out|off|both) (?:\w+ )?(?:sick|ill)
    (?:a|the|with) (?:bad |nasty )?(?:fever|flu|cold)
    forgive (?:me|my)|excuse my|pardon my
    on vacation|on holiday|on a plane|on a train|out of office
    (?:i|we|i'm|we're|is|am|are|was|been|be|while) travel(?:l?ing)
    (?:be|am|i'm|is|was|been|go|going|mostly) offline
    apolog\w+ for (?:the|my|being|not)|my apologies
    sorry (?:for (?:the|my|being|not)|(?:that|if) i|folks|all)
    (?:my|our|your|different|other) time ?zones?
    technical issues
    can(?:'t|not) make it
    bear with (?:me|us|him|her)|be patient
""")

ASIDE = _phrases(r"""
    not (?:really )?(?:answering|replying)
    not (?:really )?(?:an? |related to (?:any|an?|your|the) )(?:answer|question|reply)(?! of)
    unrelated(?: to|:|,| but| note)|off.?topic
    (?:on a|a) (?:side|quick|small|general|different) (?:note|remark|announcement|reminder)
    f\.?y\.?i
    just sharing|(?:wanted|want|like|thought i'?d) (?:to )?(?:share|mention|announce|let you know)
    (?:nobody|no one) (?:has )?(?:asked|brought|mentioned)
    (?:interesting|great|nice|wonderful) (?:article|tweet|paper|video|post|thread)
    this (?:article|tweet|paper|video|post)\b[^.!?\n]{0,25}\b(?:today|yesterday|morning|came out|sums)
    p\.?s\.? (?:for|to) (?:all|those)
    (?:a|quick|friendly|small|little|last) reminder|announcement|happy to announce
""")

COURTESY = _phrases(r"""
    you(?:'re| are) (?:very |most |more than )?welcome|my pleasure
    (?:^|\n)(?:\S+ ){0,2}(?:no (?:problem|worries)|any ?time)|any ?time!
    glad (?:it|that|you|to (?:hear|read|see|help))
    (?:happy|pleased|good|great|nice|lovely) to (?:hear|read|see|meet)
    congrat\w*|well (?:deserved|done)|kudos|shout.?out|hats off
    ha(?:ha)+|lol|wow|hooray|yay
    enjoy (?:the|your) (?:book|copy|day|week\w*|evening)|happy reading
    good luck|all the best|have fun|fingers crossed
    kind of you|means a lot|kind words|warm welcome|please welcome
    welcome to (?:the|our|this) \w+
    let'?s go
    (?:an|the|my) honou?r
    enjoyed|had (?:a blast|fun)|proud|terrific|overwhelmed|impressed|made my day|made me (?:smile|laugh|blush|grin|chuckle)
    (?:you(?:'re| are)|that's you) hired|hang in there|i mean it(?=\s*(?:[.!,]|$))|stealing (?:it|that)|owe you
    say (?:hi|hello) to|go(?:es)? way back|(?:drinks?|beers?|rounds?) (?:is |are )?on (?:me|you|us)
    what a (?:\w+ )?(?:bunch|crowd|group|pleasure|joy)|you (?:two |both |all )?should (?:talk|meet)
    send(?:s|ing)? (?:you )?(?:his|her|their|my|our) (?:love|regards|greetings)
    loved? (?:your (?!questions?\b)|this, |these questions)
    (?:do|did) (?:a|an) \w+ job
    (?:my|special|big|many|huge|heartfelt) thanks?|thank you to|thank you for (?:shar|report|point)ing
    (?:^|\n)thanks to
    wish(?:ing)? (?:you|all|everybody)
""")

TODAY = _phrases(r"""
    today|tonight|tomorrow|yesterday
    (?:this|next|last) (?:morning|afternoon|evening|week|weekend|month)
    (?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend
    \d{1,2}(?::\d\d)? ?(?:am|pm|cet|utc|est|pst)|\d{1,2}:\d\d
    (?:few|two|three|half an?|an|last|next|more|thirty|twenty) (?:more )?(?:minutes?|hours?)
    (?:a|one) (?:sec|minute|moment)|in (?:a|an|some|\d+) (?:days?|weeks?|hours?|minutes?)
    lunch|dinner|supper|breakfast|coffee|late here|(?:still|back) here
    (?:quick|short|small|little|lunch|coffee|tea) break|afk|bbl|(?:i'?m|i am|we'?re) (?:stepping|popping|off to)
    the (?:dog|cat|kids?|baby|children|doorbell) (?:needs?|wants?|is|are|has|have|just)
    for now|over already|done for|call it a day
    good (?:morning|afternoon|evening|night)
    (?:in|to|into|have|next|another|got) (?:a |an |my )?(?:\w+ )?meetings?|on a call
    (?:got|have|need|had) to (?:run|go|leave|board|jump|hop|head|catch|dash)|brb
    (?:will|to) (?:take over|stand in)
""")

SESSION = _phrases(r"""
    (?:in|within|inside|outside|of|use|into) (?:a |the |this |your |my )?threads?(?=\s*(?:[,.!?:;)]|$))|threads are better
    (?:this|the|wrong) channel|slack
    (?:your|my|last|private|direct|any|so many|that many|lot of|these|this many) messages?
    dm|your inbox|notifications?|pin this
    (?:tag|ping|mention|message|contact|reach|write to) me
    (?:through|worked through) the backlog
    winners?|the draw|giveaways?|copies|poll
    (?:the|your|all|new|more|other|these|many|some|most|first|remaining|\d+) (?:\w+ )?questions
    asked (?:anything|a question)|here is a question
    this (?:discussion|session|event)
    missed (?:any|some|your)
    replies|replied|my answers?
""")

OUTSIDE = _phrases(r"""
    podcasts?|recording|slides|episode|workshop|trainings|conference|an interview|speaking at
    errata|repo(?:sitory)?|on the cover|printed|edition|e-?book|paperback|hardcover|signed cop(?:y|ies)
    percent off|half.price|free of charge|(?:a|are|is|be|for) free(?! \w+ing)
    publisher|hiring|readers|rating|come (?:by|and say)
    blog|linkedin|twitter|mastodon|discord|youtube|subscribe
    a translation into
    a course|my (?:\w+ )?(?:course|talk|channel|team|site|website|company)
""")

CHECKS = _phrases(r"""
    makes? sense|helps?|clear|agree|right
    answers? (?:your|the|it)|what you (?:mean|meant|asked|are asking)|you mean|your (?:question|case|use)
""")
"""What asks whether an answer was clear."""

POSED = _phrases(r"""
    (?:here(?:'s| is| comes)|i have|i've got|now|let me ask)(?: \w+){0,2} questions?
    questions? (?:for|to|from|of) (?:you|me|us|my|everyone|everybody|all|the (?:day|group|readers))
    i(?:'m| am)(?: \w+)? (?:curious|wondering)
""")
"""What says that a question to the readers comes."""

TO_READERS = _phrases(r"""
    you|your|anyone|anybody|everyone|who|folks|we|thoughts
    (?:should|shall|may|can|do|did) i
""")
"""What a question to the readers has."""

TELL = _phrases(r"""
    (?:please |do |and )?(?:tell|let) (?:me|us) know (?:what|which|how|if|who|where)
    (?:(?:^|[.!?:,;\n] ?|\b(?:and|please|do|now) )tell (?:me|us))
    your turn|turn the tables|vote|poll
    (?:love|like|curious|interested) to hear|wonder what you
    is it (?:ok|okay|fine|all right)
    (?:can|could) you (?:pin|move|open|add|merge)
""")
"""Asks those who read to tell or do something."""
