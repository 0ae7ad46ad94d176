"""Sessions as people hold them: what tearing answers out of threads leaves out.

`live` adds to a session with torn answers what real top level has: long answers sent point by
point, talk by the authors, announcements of a host, questions that their asker sends in several
posts, and pages that begin with the end of the week. The sentences of talk are our own and name
people of the session; none is taken from an archive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from bot.laboratory.detach import DetachedAnswer
from bot.sessions.pairing.posts import Post

HOST = "Orla the host"
_SPLIT, _TALK, _HOSTED, _SEVERAL, _DISORDER = 0.3, 0.12, 0.05, 0.3, 0.2
"""How often an answer is cut into points; how many messages of talk and of the host come per
top-level post; how often a question with several question marks is cut; how often a page is out of
order."""
_POINT = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n+")

TALK: tuple[str, ...] = (
    "Hi everyone! Glad to be here, ask me whatever you like about the book.",
    "Good morning all, I have an hour now and will go through what you wrote.",
    "I am online now.",
    "Back again, sorry for the silence, it was a long day at work.",
    "Hello!",
    "Thanks!",
    "Thank you {host} for having me here this week, it was a pleasure.",
    "Big thanks to {host} for hosting, and to {asker} and everybody who took part.",
    "That is it from my side. Have a great weekend, all of you!",
    "It has been a wonderful week. If you want to stay in touch, find me on LinkedIn: https://example.org/in/me",
    "Signing off for today, I will answer the rest tomorrow.",
    "I will get to the remaining ones tonight, it is late in my time zone.",
    "My coauthor {author} is travelling this week, so I will be the one to reply here.",
    "{author} has a cold and cannot join us today.",
    "We are giving away three copies of the book on Friday, so keep asking!",
    "The publisher has a 40% discount this week with the code READER40: https://example.org/shop",
    "If you liked the book, please leave a review, it helps us a lot.",
    "I also run a newsletter on this, sign up at https://example.org/letter",
    "We talk about this at a meetup next month, anyone interested can register here: https://example.org/meet",
    "Here is a recording of a talk I gave on the book: https://example.org/talk",
    "I just published a post that some of you may like: https://example.org/post",
    "Now a question from me: which chapter would you read first?",
    "What are you all working on at the moment? I am curious.",
    "Has anyone here tried the exercises already? How did it go?",
    "Who of you uses this at work, and for what?",
    "Great discussion here, congratulations to the winners!",
    "Wow, so many questions. Keep them coming!",
    "Just a note for everybody: the code of the book is at https://example.org/code, issues are welcome.",
    "Apologies for the delay, I was on a plane.",
    "Thanks {host}, this is a great community.",
    "Cheers everyone, happy to see so much interest.",
    "Not related to any question, but this paper came out today and I found it fascinating: https://example.org/paper",
    "A quick remark for those who read the early edition: some figures have changed since.",
    "I am happy to announce that the second edition is out now.",
    "You're welcome, {first}!",
    "My pleasure {asker} 🙂",
    "Glad that helped, {first}. Good luck with it!",
    "Thanks {host}!",
    "Thanks a lot for the warm welcome, {host}.",
    "Hi {host}, I'm here. Where do I find the questions?",
    "{host} thanks for the introduction. I'm looking forward to this week.",
    "Good morning from Lisbon!",
    "Hi folks",
    "Hello from a rainy Hamburg. I'll start going through your messages after breakfast.",
    "Hey there! I've got about an hour before my next meeting, so fire away.",
    "Will be offline for a few hours, dinner time here.",
    "Just landed, give me a moment to catch up with everything.",
    "Need to run to a meeting, more answers this afternoon.",
    "Okay, that's all I can manage today. More tomorrow!",
    "I think I've replied to everybody. If I missed your message, ping me.",
    "Did I overlook anyone? Please tell me.",
    "I've now worked through the backlog. Some of you asked really deep things, that was great fun.",
    "Sorry that I am slow, we had a power cut in the village.",
    "Sorry folks, Slack keeps putting my replies outside of the threads. I'll move them later.",
    "I see that I answered in the wrong place above. Apologies!",
    "How do I reply within a thread on the phone?",
    "{host} should I answer in the threads or here?",
    "I wasn't feeling well yesterday but I am back on my feet and will continue now.",
    "{author} is in bed with a bad cold, so today you only get me.",
    "{author} sends greetings; he will be here from Wednesday.",
    "Unfortunately {author} lost her voice and her internet connection on the same day. She asks for patience.",
    "{author} and I are both around now.",
    "My co-author is giving birth this week, so please be kind if answers take long 🙂",
    "We will be joined by {author} in the evening.",
    "{author} wrote most of the chapters on this and can tell you more on Thursday.",
    "The e-book is half price until Sunday: https://example.org/deal",
    "My publisher kindly made a code for you: CLUB35 takes 35 percent off all formats.",
    "There will be a free workshop on the topics of the book on 12 May. Registration: https://example.org/workshop",
    "For those who prefer listening, I was on a podcast about the book last month: https://example.org/podcast",
    "Chapter 3 can be read free of charge on the publisher's page: https://example.org/ch3",
    "The repository with all notebooks is here: https://example.org/repo",
    "If you want a signed copy, drop me a line.",
    "We are looking for reviewers for the next edition. DM me if you'd like to read early drafts.",
    "I post about such things on my blog every other week: https://example.org/blog",
    "I'm also on Mastodon if anybody wants to connect: https://example.org/@me",
    "A translation into Polish comes out next month!",
    "My team is hiring two engineers, remote in Europe: https://example.org/jobs",
    "Tomorrow at 6 pm CET I'm giving a live demo on YouTube, come and say hello: https://example.org/live",
    "Let me turn the tables: what made you pick up a book like this?",
    "I'd love to hear from you: which tools does your company use for this?",
    "Since many ask about careers, tell me: where are you at the moment, studying or working?",
    "Quick poll: do you read technical books on paper or on a screen?",
    "Which topics should a second edition have? Put your wishes below.",
    "What would you like to build with what you have learned?",
    "Does anybody know a good alternative to Slack for such discussions?",
    "I'm curious how many of you come from a non-technical background.",
    "Riddle for tonight: why does the example on the cover not compile?",
    "Congratulations to {asker}, {asker} and the other winners!",
    "Well deserved, {first}! Enjoy the book.",
    "Special thanks to {asker} for the most detailed questions I ever got.",
    "Thanks to {asker} and {asker} for pushing me to think harder about this.",
    "A shout-out to {host}, who keeps all of this running week after week.",
    "{host}, it was an honour. Let's do it again when the next book is out!",
    "It was great to be part of this. Thank you, {host}, and thank you all for the kind words.",
    "Many thanks again for having invited us. {author} and I enjoyed every minute.",
    "What a week! I did not expect this many messages.",
    "I'm overwhelmed by the response, thank you.",
    "This is really a lovely community.",
    "Bye for now and happy reading!",
    "All the best to everybody, and stay healthy.",
    "Have fun with the book 🎉",
    "Take care, and let me know how your projects turn out.",
    "Wishing all of you success on your journey.",
    "I'll keep an eye on this channel over the weekend in case something comes up.",
    "The winners will be chosen on Friday evening, as far as I know.",
    "If you haven't asked anything yet, there is still time until tonight.",
    "Don't be shy, there are no stupid questions!",
    "Please post one question per message, this makes it easier for me.",
    "Could you please mention me by name when you ask, so that I get a notification?",
    "Interesting article on this that I read this morning: https://example.org/a",
    "By the way, this tweet sums up nicely what the first chapters are about: https://example.org/t",
    "Something that nobody has brought up yet: the appendix on setting up your machine. Do not skip it.",
    "One thing I want to say before the week ends. Reading alone will not get you far, so do the exercises, all of them.",
    "I want to stress that the opinions here are mine and not my employer's.",
    "A small correction to the printed book: on page 41 the plus should be a minus. The errata page has it.",
    "Fun fact: the animal on the cover was chosen by my daughter.",
    "Today is five years since the day we signed the contract for the book. Time flies.",
    "For context, since some of you wondered who I am: I've been an engineer for twenty years, and now teach.",
    "A bit about me: I studied physics, moved into data by accident and have been stuck there since.",
    "Hi, I'm one of the two authors. I live in Oslo, work on search and drink too much coffee.",
    "I'd like to introduce myself. I am a researcher at a small institute, and this book came out of my lectures.",
    "Let me share the slides of yesterday's talk, since they show where all this is heading: https://example.org/slides",
    "The recording of our session is online: https://example.org/rec",
    "I see a common theme in this channel: many worry whether they know enough mathematics. Do not worry.",
    "Great to see that so many of you care about testing.",
    "I love how engaged you are!",
    "Haha, this made my day 😄",
    "👋",
    "🙏🙏",
    "Done for today.",
    "Still here!",
    "Back online.",
    "Sorry, wrong channel.",
    "Please ignore the last message.",
    "testing",
    "We have just reached 100 questions!",
    "Only two more hours to go.",
    "I will put together a summary of this week's discussion on my site and post the link.",
    "Somebody wrote to me privately about the certificate: no, there is none.",
    "As announced yesterday, the draw takes place at noon.",
    "As {host} said, feel free to tag me.",
    "Like {host} wrote above, threads are better, so I try to use them from now on.",
    "I agree with {host}, what a discussion.",
    "{host} can you pin this?",
    "{host} do you know when the books get sent?",
    "Thank you {host} for the opportunity, and thank you {asker} for the first question!",
    "Good night. I'll look at the question of {asker} and the other new ones tomorrow.",
    "{first}, I haven't forgotten you, my answer is coming tonight.",
    "@{asker} I've sent you a direct message.",
    "{asker} please check your inbox.",
)
"""What authors say at top level that answers nothing. `{host}`, `{asker}`, `{first}` (the first word
of it) and `{author}` become names."""
HOSTED: tuple[str, ...] = (
    "Hi all! This week {author} answers your questions about the book. Ask away in this channel!",
    "Reminder: please ask your questions as separate messages and reply in threads.",
    "Thanks everyone for the questions, and thank you {author} for the answers!",
    "The winners of this week are {asker} and four others, congratulations!",
    "Only one day left to ask {author} your questions and to win a copy.",
)
"""What a host says."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A session, and the right questions of each of the authors' messages that is judged: any of
    them is right; none is, where it is talk."""

    posts: tuple[Post, ...]
    truth: Mapping[str, frozenset[str]]


def live(detached: DetachedAnswer, random: Random) -> Lived:
    """Adds to a session with torn answers what life has."""
    truth = {post: frozenset({question}) for post, question in detached.truth.items()}
    posts = _several_posts(detached.posts, truth, random)
    posts = _in_points(posts, truth, random)
    posts = _with_talk(posts, truth, random)
    if random.random() < _DISORDER:
        posts = _out_of_order(posts, random)
    return Lived(tuple(posts), truth)


def _several_posts(
    posts: Sequence[Post], truth: dict[str, frozenset[str]], random: Random
) -> list[Post]:
    """Cuts some questions into two or three posts of their asker, one question mark each."""
    found: list[Post] = []
    for post in posts:
        parts = [part for part in re.split(r"(?<=\?)\s+", post.text) if part.strip()]
        cut = post.thread is None and not post.is_author and 2 <= len(parts) <= 3
        if not cut or random.random() >= _SEVERAL:
            found.append(post)
            continue
        rest = [replace(post, id=f"{post.id}+{n}", text=part) for n, part in enumerate(parts[1:])]
        found += [replace(post, text=parts[0]), *rest]
        for answer, questions in truth.items():
            if post.id in questions:
                truth[answer] = questions | {part.id for part in rest}
    return _threads_last(found)


def _in_points(
    posts: Sequence[Post], truth: dict[str, frozenset[str]], random: Random
) -> list[Post]:
    """Cuts some torn answers into messages of a sentence or a line each."""
    found: list[Post] = []
    for post in posts:
        parts = [part for part in _POINT.split(post.text) if part.strip()]
        if post.id not in truth or len(parts) < 3 or random.random() >= _SPLIT:
            found.append(post)
            continue
        whole = [replace(post, id=f"{post.id}+{n}", text=part) for n, part in enumerate(parts[1:])]
        found += [replace(post, text=parts[0]), *whole]
        truth |= {part.id: truth[post.id] for part in whole}
    return _threads_last(found)


def _with_talk(
    posts: Sequence[Post], truth: dict[str, frozenset[str]], random: Random
) -> list[Post]:
    top = [post for post in posts if post.thread is None]
    authors = sorted({(post.person, post.name) for post in posts if post.is_author})
    askers = sorted({post.name for post in top if not post.is_author})
    if not authors or not askers:
        return list(posts)
    host = random.choice((HOST, random.choice(askers)))
    new: list[tuple[int, Post]] = []
    for number in range(max(1, round(len(top) * _TALK))):
        person, name = random.choice(authors)
        other = next((one for _, one in authors if one != name), "Iris Ek")
        asker = random.choice(askers)
        text = random.choice(TALK).format(
            host=host, asker=asker, first=asker.split()[0], author=random.choice(_forms(other))
        )
        post = Post(f"talk{number}", person, name, True, text)
        truth[post.id] = frozenset()
        new.append((random.randint(1, len(top)), post))
    for number in range(max(1, round(len(top) * _HOSTED))):
        text = random.choice(HOSTED).format(asker=random.choice(askers), author=authors[0][1])
        post = Post(f"host{number}", HOST, HOST, False, text)
        new.append((random.randint(0, len(top)), post))
    for place, post in sorted(new, key=lambda one: -one[0]):
        top.insert(place, post)
    return _threads_last([*top, *(post for post in posts if post.thread is not None)])


def with_sentences(
    posts: Sequence[Post],
    sentences: Sequence[str],
    random: Random,
    author: tuple[str, str],
    names: Mapping[str, str],
) -> list[Post]:
    """Puts sentences of talk by an author at random places of top level.

    Their ids begin with `talk`. `author` is the person who says them, and the name. The names in a
    sentence stand open: `{asker}` and `{first}` become those of somebody who asked, others are in
    `names`.
    """
    found = list(posts)
    askers = sorted({post.name for post in posts if not post.is_author})
    for number, sentence in enumerate(sentences):
        asker = random.choice(askers)
        text = sentence.format(asker=asker, first=asker.split()[0], **names)
        starts = [at for at, post in enumerate(found) if at and post.thread is None]
        said = Post(f"talk{number}", *author, True, text)
        found.insert(random.choice(starts), said)
    return found


def _forms(name: str) -> tuple[str, str]:
    return name, name.split(maxsplit=1)[0]


def _out_of_order(posts: Sequence[Post], random: Random) -> list[Post]:
    """Puts the days of a page in reverse: the end of the week first."""
    top = [post for post in posts if post.thread is None]
    days = random.randint(2, 4)
    cuts = [round(len(top) * day / days) for day in range(days + 1)]
    turned = [post for day in range(days - 1, -1, -1) for post in top[cuts[day] : cuts[day + 1]]]
    return _threads_last([*turned, *(post for post in posts if post.thread is not None)])


def _threads_last(posts: Sequence[Post]) -> list[Post]:
    """Puts every reply directly below its thread."""
    replies: dict[str, list[Post]] = {}
    for post in posts:
        if post.thread is not None:
            replies.setdefault(post.thread, []).append(post)
    return [
        one for post in posts if post.thread is None for one in (post, *replies.get(post.id, ()))
    ]
