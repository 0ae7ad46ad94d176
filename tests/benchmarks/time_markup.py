"""Times `to_markdown` of whichever tree is first on the path: what `bench_markup --against` runs.

`python time_markup.py FILE` reads lists of messages by kind from a JSON file, and prints the
seconds of CPU that each list takes, as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from bot import markup
from bot.markup import to_markdown


class Names(markup.Names):
    """A workspace where everybody has a name."""

    def user(self, id: str, /) -> str:
        return f"Reader {id}"

    def channel(self, id: str, /) -> str:
        return f"channel-{id}"

    def usergroup(self, id: str, /) -> str:
        return f"group-{id}"


def main() -> None:
    names = Names()
    found: dict[str, float] = {}
    for kind, messages in json.loads(Path(sys.argv[1]).read_text()).items():
        for each in messages[:100]:
            to_markdown(each, names)
        gc.collect()
        start = time.process_time()
        for each in messages:
            to_markdown(each, names)
        found[kind] = time.process_time() - start
    print(json.dumps(found))


if __name__ == "__main__":
    main()
