"""Words of a text as pairing compares them: plain letters, stems, how rare each is.

Pure text work, no dictionary: a session has some dozens of posts, so a word's rarity is counted
in the session itself and only the commonest words of English are left out beforehand.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "’": "'", "‘": "'"}
)
_URL = re.compile(r"https?://\S+")
_WORD = re.compile(r"[^\W_]+(?:['+#.][^\W_]+)*[+#]*")
_QUOTED = re.compile(r"^[ \t]*>[ \t]?(.*)$", re.MULTILINE)
_STEMMER = snowballstemmer.stemmer("english")
_STOP = frozenset(
    """a about above after again all also am an and any anybody anyone anything are aren't around as
    at be because been before being below between both but by can can't cannot could couldn't did
    didn't do does doesn't doing don't down during each either else etc even ever every everybody
    everyone everything for from get gets getting got had has hasn't have haven't having he hello
    hers hey hi him his how however i i'd i'll i'm i've if in instead into is isn't it it's its itself
    just let let's like may maybe me might mine more most much must my myself neither no nobody none
    nor not nothing now of off often oh ok okay on once one ones only onto or other others otherwise
    our ours out over own per perhaps please quite rather really same she should shouldn't since so
    some somebody someone something sometimes somewhat somewhere soon still such than thank thanks
    that that's the their theirs them themselves then there there's therefore these they they're
    this those though through thus to together too toward towards under unless until up upon us very
    via was wasn't we we'd we'll we're we've well were what what's whatever when whenever where
    whereas wherever whether which while who whole whom whose why will with within without won't
    would wouldn't yeah yep yes yet you you'd you'll you're you've your yours yourself ie eg
    question questions answer answers answering answered book books author authors cheers""".split()
)
_COMMON_WEIGHT = 0.4
_COMMON = frozenset(
    """able absolutely access account across act action actual actually add added adding additional
    advance advice advise agree ago ahead allow allows almost alone along already although always
    amazing among amount another apart appear apply appreciate approach area areas aren argue arise
    ask asked asking aspect assume attempt attention available average avoid aware away awesome back
    background bad base based basic basically become becomes begin beginner beginning behind believe
    benefit besides best better beyond big bigger bit book both bring bunch buy call called came care
    case cases catch cause certain certainly challenge challenges challenging chance change changes
    chapter chapters check choice choose clear clearly close come comes coming comment common
    companies company compare compared complete completely complex concept concepts concern concerned
    consider considering contain content context continue correct cost could couple course cover
    covered covering covers create created curious current currently day days deal decide decided deep
    deeper definitely depend depending depends describe design detail details determine develop
    developed developing difference differences different difficult directly discuss discussed does
    done early easier easy effect effective effort employ end enjoy enjoyed enough entire
    especially essentially event example examples excellent except excited exciting exist existing
    expand expect expected experience explain explained extra extremely face fact fair fairly
    familiar far favorite favourite feel feeling few field figure final finally find fine finish
    finished first fit focus focused follow following form found free frequently full fun further
    future gain general generally give given gives giving glad go goal goes going gone good great
    group grow guess guide half hand handle happen happy hard hardly hear heard help helped helpful
    helps here hey high higher highly hit hold hope hopefully huge idea ideas ideal imagine important
    impression improve include included includes including increase indeed individual industry
    information initial inside insight insights insightful inspire interest interested interesting
    introduce introduction involve involved issue issues job jobs join joined keep kept key kind kinds
    knew know knowing knowledge known lack large larger largely last late later latest lead leads
    learn learned learning least leave led left less lesson level levels life light likely limit
    limited line list little live long longer look looking looks lose lot lots love low lower made
    main mainly major make makes making manage many material matter mean meaning means meant mention
    mentioned method methods mind minute miss mistake mistakes moment month months mostly move moving
    multiple name nature near necessarily necessary need needed needs never new news next nice normal
    normally note notice number obvious obviously offer old open opinion opportunity option options
    order original overall overview particular particularly parts past path pay people personal
    personally pick piece place plan planning play plenty point points popular position possible
    possibly potential potentially practical practice prefer present pretty previous previously
    primarily probably problem problems process produce project projects proper properly provide
    provided provides purpose put quality quick quickly quite range rate reach read reader readers
    reading ready real realize reason reasons recent recently recommend recommendation recommended
    related relative relatively rely remain remember reply require required requires resource
    resources respect response responses rest result results review right role round run running said
    sample saw say saying says scale second section see seeing seem seems seen sense serious session
    set several share short show shown shows side significant similar simple simpler simply single
    situation size skill skills slightly slow small smaller solid solution solutions solve solving
    sort sound sounds space special specific specifically spend spent stage stand start started
    starting step steps stick stop story strategy strong strongly struggle stuff style subject
    successful suggest suggestion suitable super support suppose sure surprise take taken takes taking
    talk target task tasks team technique techniques tell tend terms thing things think thinking third
    thought thoughts three time times tip tips title today told took top topic topics totally touch
    toward treat tricky tried true try trying turn twice two type types typical typically ultimately
    understand understanding unfortunately unique unlike use used useful user users uses using usual
    usually value various version view want wanted wants way ways week weeks went whatever wide
    willing wish wonder wonderful wondering word words work worked working works world worth write
    writing written wrong wrote year years yourself""".split()
)
"""Words that everybody uses; they say little of what a text is about."""


def plain(text: str) -> str:
    """Small letters without accents: `Yıldırım` and `YILDIRIM` are `yildirim`.

    >>> plain("Rafał Yıldırım-Dießner")
    'rafal yildirim-diessner'
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return "".join(c for c in folded if not unicodedata.combining(c))


def squashed(text: str) -> str:
    """Only the plain letters and digits: `Savaş Yıldırım` is `savasyildirim`."""
    return "".join(c for c in plain(text) if c.isalnum())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The stem of a plain word, by Porter's second algorithm (snowballstem.org).

    >>> [stem(w) for w in ("evaluation", "evaluating", "transformers", "transfer")]
    ['evalu', 'evalu', 'transform', 'transfer']
    """
    found: str = _STEMMER.stemWord(word)
    same: str = _SAME.get(found, found)
    return same


_KIN = """
    begin beginner beginning start starter starting newbie newcomer entry novice introductory
    recommend recommendation suggest suggestion advise advice tip tips
    job career role position employment hire hiring recruiter interview
    cost costs expensive cheap price pricing budget money afford
    difference differ versus vs compare comparison contrast
    resource resources course courses tutorial tutorials material materials video videos
    math maths mathematics mathematical algebra calculus
    difficult difficulty hard challenge challenging tricky tough
    fast quick speed latency performance slow
    mistake mistakes error errors wrong pitfall pitfalls
    evaluate evaluation metric metrics benchmark measure accuracy
    deploy deployment production productionize serving
    learn study teach teaching
    future trend trends upcoming
    audience background prerequisite prerequisites proficiency level
    company companies business businesses enterprise organization organisation corporate startup
    tool tools tooling library libraries framework frameworks package packages
    program programmer programming code coding coder developer software
    statistics statistical probability
    favourite favorite prefer preference
    motivate motivation inspire inspiration
    image images picture vision visual
    project projects portfolio
    ethic ethical ethics bias biases fairness harmful
    secure security privacy private gdpr pii sensitive
    cloud aws gcp azure
    gpu gpus hardware laptop machine cpu
    test tests testing unittest
    explain explanation interpret interpretable interpretability explainable explainability
    team teams colleague colleagues collaborate collaboration partner
    translate translation translated language
    publish publisher publishing edition print ebook kindle
    certificate certification certifications cert certs
    notebook notebooks jupyter
    pipeline pipelines orchestration orchestrator airflow
    visualize visualization dashboard chart charts plot
    phd degree university academic academia academics research researcher scholar
    time hours schedule
    """
"""Words that stand for one another in a question and its answer, a line each."""
_SAME = {
    _STEMMER.stemWord(word): _STEMMER.stemWord(line.split()[0])
    for line in reversed(_KIN.strip().splitlines())
    for word in line.split()
}


_COMMON_STEMS = frozenset(stem(word) for word in _COMMON)


def stems(text: str) -> list[str]:
    """The stems of a text's words, without the commonest words, in order, repeated as there."""
    found = _WORD.findall(plain(_URL.sub(" ", text)))
    return [stem(word) for word in found if word not in _STOP and len(word) > 1]


def grams(text: str) -> list[str]:
    """Every four letters in a row of a plain text, its words joined by a space.

    They see what stems do not: other endings, compounds, phrases, the small words between.

    >>> grams("Mär-chen!")
    ['mar ', 'ar c', 'r ch', ' che', 'chen']
    """
    joined = " ".join(_WORD.findall(plain(text)))
    return [joined[at : at + _GRAM] for at in range(len(joined) - _GRAM + 1)]


def original(text: str) -> dict[str, str]:
    """Each stem of a text and the first word that has it, as one would say it."""
    words: dict[str, str] = {}
    for word in _WORD.findall(_URL.sub(" ", text)):
        words.setdefault(stem(plain(word)), word)
    return words


def quotes(text: str) -> list[str]:
    """The quoted lines of a text (`> …`) that are not empty."""
    return [line.strip() for line in _QUOTED.findall(text) if line.strip()]


def asked(text: str) -> list[str]:
    """The sentences of a text that ask something, from eight words on: an answer that has one
    often repeats its question so."""
    found = re.findall(r"[^.!?\n]+\?", unquoted(text))
    return [one.strip() for one in found if len(one.split()) >= _REPEATED]


def unquoted(text: str) -> str:
    """A text without its quoted lines."""
    return _QUOTED.sub("", text)


_POSTS, _GRAM, _REPEATED = 60, 4, 8
_OFTEN = 3
"""From how many posts on a word is one of the session's subject."""


@dataclass(frozen=True, slots=True)
class Bag:
    """The stems of a text with their weights, and the length of that vector."""

    weights: Mapping[str, float]
    length: float


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each stem is in a session: `log((2 + posts) / (1 + posts with it))`, from 0 up.

    A session that has but begun counts as one of sixty posts, so that a word of its own is rare
    in it too.
    """

    posts: int
    counts: Mapping[str, int]
    common: frozenset[str] = _COMMON_STEMS

    @classmethod
    def of(cls, texts: Iterable[Iterable[str]], common: frozenset[str] = _COMMON_STEMS) -> Rarity:
        """Counts the posts that have each stem. `common` are stems that everybody uses."""
        counts: Counter[str] = Counter()
        posts = 0
        for found in texts:
            posts += 1
            counts.update(set(found))
        return cls(max(posts, _POSTS), counts, common)

    def weight(self, word: str) -> float:
        """0 for a word that all posts have; less for a word that everybody uses."""
        rare = math.log((2 + self.posts) / (1 + self.counts.get(word, 0)))
        return rare * _COMMON_WEIGHT if word in self.common else rare

    def shared(self, found: Iterable[str]) -> int:
        """How many of these stems others use too, the common ones aside: words of the subject."""
        return sum(self.counts.get(w, 0) >= _OFTEN for w in set(found) if w not in self.common)

    def bag(self, found: Iterable[str]) -> Bag:
        """The vector of a text: rarity times (1 + log of) how often the word stands there."""
        weights = {
            word: (1 + math.log(count)) * self.weight(word)
            for word, count in Counter(found).items()
        }
        return Bag(weights, math.sqrt(sum(w * w for w in weights.values())))


def cosine(one: Bag, other: Bag) -> float:
    """How alike two texts are, 0 to 1."""
    if not one.length or not other.length:
        return 0.0
    small, large = sorted((one.weights, other.weights), key=len)
    return sum(w * large[word] for word, w in small.items() if word in large) / (
        one.length * other.length
    )
