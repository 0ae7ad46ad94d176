"""Sessions of our own, about a bread book that nobody wrote: the truth about them is known."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bot.sessions.pairing import Post

AUTHOR = "Odile Brandt"
COAUTHOR = "Teun Verhoef"
ASKERS = (
    *("Ines Calado", "pekka", "Rhiannon Ap Huw", "Józef Wiśniak", "Dr Amara Eze", "Bo Lindqvist"),
    *("Marta del Río", "T. Okonkwo", "sunny-side-up", "Hana Kubo", "Yusuf Akgün", "Wren Hartley"),
    *("Noor de Wit", "Caspian Gray", "Lupe Ortega", "Milo", "Saoirse Byrne", "Anders Holm"),
)

TOPICS: tuple[tuple[str, str, str], ...] = (
    (
        "How wet should a rye dough be before it stops holding its shape?",
        "Rye holds far more water than wheat; I go up to ninety percent hydration in a tin.",
        "Freestanding loaves want less, or the shape goes flat in the oven.",
    ),
    (
        "My starter smells of acetone after a week in the fridge. Is it spoiled?",
        "Acetone only means that the starter is hungry. Feed it twice at room temperature.",
        "If there is pink mould, throw it away; a sharp smell alone is harmless.",
    ),
    (
        "Which flour would you buy if you could keep a single sack?",
        "A sack of strong white with some ash left in it; you can always add bran yourself.",
        "Stone-ground keeps worse than roller-milled flour, so mind the date on the sack.",
    ),
    (
        "Do I need a Dutch oven, or is a baking stone with steam enough?",
        "A heavy pot traps its own steam, which is why a Dutch oven is so forgiving.",
        "With a stone you must make the steam: a tray of lava rocks does it.",
    ),
    (
        "Why does the crumb tear along the bottom when I slice it warm?",
        "The crumb sets while it cools. Slicing a warm loaf smears the starch, and it tears.",
        "Give it two hours on a rack, overnight for anything with rye.",
    ),
    (
        "Is there a vegan enriched dough in there? Brioche without butter, say?",
        "There is one: coconut fat and aquafaba stand in for the butter and eggs of a brioche.",
        "Keep the coconut fat cold, or the enriched dough weeps.",
    ),
    (
        "How did you choose the bakers that you visited for the portraits?",
        "I wrote to forty bakeries and visited the nine bakers who wrote back.",
        "The portraits are short because bakers have no time at four in the morning.",
    ),
    (
        "What is the point of an autolyse if I knead by machine anyway?",
        "Autolyse shortens the kneading: gluten forms by itself while the flour soaks.",
        "A machine can do without, but the autolyse also makes the dough stretchier.",
    ),
    (
        "Could altitude be the reason that my loaves collapse? I live at 2200 metres.",
        "At your altitude gas expands more. Use less yeast and a shorter proof.",
        "At 2200 metres I would also bake ten degrees hotter.",
    ),
    (
        "Do the schedules work for somebody who is away from six to six?",
        "Two of the schedules are made for shift workers: the cold proof does its work while you are away.",
        "Shape in the evening, bake in the morning before you leave.",
    ),
    (
        "How salty is too salty? Most recipes say two percent.",
        "Two percent of the flour is the custom; below one and a half the dough gets slack.",
        "Salty crusts come from coarse crystals on top, not from the dough.",
    ),
    (
        "Can children follow the pizza part without help?",
        "Mine did at eight, apart from the oven. The pizza part has pictures for each fold.",
        "Let the children stretch the pizza by hand; a pin drives the gas out.",
    ),
    (
        "What went wrong in your first year as a baker?",
        "I trusted the clock and not the dough, all of my first year.",
        "Also I bought a mixer that was far too big.",
    ),
    (
        "Is lamination at home worth it, in summer above all?",
        "In summer laminate at night. Butter wants sixteen degrees, and so must the room.",
        "Croissants are worth it once a year; after that you know what you pay for.",
    ),
    (
        "How long does a banneton last, and do you wash it?",
        "I never wash a banneton. Dry it in the sun and brush it; mine is thirty years old.",
        "Rice flour on the cane keeps the dough from sticking.",
    ),
    (
        "Are there gluten-free breads that are not bricks?",
        "Psyllium husk is what gluten-free loaves need; without it they are bricks.",
        "Teff and buckwheat give gluten-free bread a real taste.",
    ),
    (
        "Would you score before or after the fridge?",
        "Score cold dough, straight from the fridge: the blade does not drag.",
        "A shallow angle gives an ear when you score.",
    ),
    (
        "Which old recipe was the hardest to make sense of?",
        "A monastery recipe from 1580 that measures time in prayers was the hardest.",
        "We timed a monk. He was faster than the recipe.",
    ),
)
FOLLOW_UPS = (
    ("And does that hold for {word} too?", "For {word} I would do just the same, a bit longer."),
    ("What about {word} then?", "{word}: try it small first and write down what happened."),
)
THANKS = ("Thank you!", "Thanks a lot, that helps.", "Great, thanks!")
WORDS = ("spelt", "einkorn", "malt", "semolina", "chestnut", "oat", "millet", "barley")


@dataclass(frozen=True)
class Style:
    """How an author writes: how often they name the asker, split an answer, praise a question;
    how often an asker comes back. `coauthor` adds a second author who adds to some answers."""

    names: float = 0.5
    splits: float = 0.25
    praises: float = 0.2
    follow_ups: float = 0.2
    coauthor: float = 0.0


STYLES = {
    "names": Style(names=0.95, splits=0.1),
    "plain": Style(names=0.05, splits=0.1, praises=0.1),
    "chatty": Style(names=0.4, splits=0.6, follow_ups=0.5),
    "two": Style(names=0.4, splits=0.3, coauthor=0.4),
}


def session(seed: int, style: Style) -> list[Post]:
    """A session in which every answer stands in its thread; the same for the same seed."""
    random = Random(seed)
    topics = list(TOPICS)
    random.shuffle(topics)
    askers = list(ASKERS)
    random.shuffle(askers)
    posts: list[Post] = []
    for number, (question, first, second) in enumerate(topics, 1):
        again = number > 1 and random.random() < 0.2
        asker = posts_asker(posts) if again else askers[number % len(askers)]
        hello = random.choice((f"Hi {AUTHOR}! ", f"Hello {AUTHOR}, thanks for doing this. ", ""))
        root = str(number)
        posts.append(Post(root, asker, asker, False, "" if again else hello + question))
        if again:
            posts[-1] = Post(root, asker, asker, False, f"Also: {question}")
        replies: list[tuple[str, str]] = []
        opening = ""
        if random.random() < style.names:
            opening = random.choice((f"Hi {asker}, ", f"{asker} ", f"Hi {asker.split()[0]} - "))
        if random.random() < style.praises:
            opening += "good question! "
        if random.random() < style.splits:
            replies += [(AUTHOR, opening + first), (AUTHOR, second)]
        else:
            replies.append((AUTHOR, f"{opening}{first} {second}"))
        if random.random() < style.coauthor:
            replies.append((COAUTHOR, f"I second that. {second}"))
        if random.random() < style.follow_ups:
            ask, reply = random.choice(FOLLOW_UPS)
            word = random.choice(WORDS)
            replies += [(asker, ask.format(word=word)), (AUTHOR, reply.format(word=word))]
        if random.random() < 0.5:
            replies.append((asker, random.choice(THANKS)))
        posts += [
            Post(f"{root}.{place}", who, who, who in (AUTHOR, COAUTHOR), text, thread=root)
            for place, (who, text) in enumerate(replies, 1)
        ]
    return posts


def posts_asker(posts: list[Post]) -> str:
    """Who asked last."""
    return next(post.person for post in reversed(posts) if post.thread is None)
