"""Which question an unthreaded answer belongs to.

Authors do not always reply in threads. `pair` says of every top-level post of a session what it
is, with a confidence and a reason; `linked` which of them are sure enough to be linked without
asking; `arrange` puts those under their questions. `likeliest` is for the moment a post comes.
docs/pairing.md tells how well it does.
"""

from bot.sessions.pairing.arrange import arrange, from_threads, move
from bot.sessions.pairing.chain import TURN
from bot.sessions.pairing.meaning import Likeness, Meaning, ShuttingDown
from bot.sessions.pairing.pair import likeliest, linked, pair, so_far, sure
from bot.sessions.pairing.posts import Candidate, Covered, Decision, Kind, Pairing, Post
from bot.sessions.pairing.weights import level

__all__ = [
    "TURN",
    "Candidate",
    "Covered",
    "Decision",
    "Kind",
    "Likeness",
    "Meaning",
    "Pairing",
    "Post",
    "ShuttingDown",
    "arrange",
    "from_threads",
    "level",
    "likeliest",
    "linked",
    "move",
    "pair",
    "so_far",
    "sure",
]
