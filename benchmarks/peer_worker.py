"""Does what it is told, line by line, and answers what it took: one side of ``peers.py``."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Task = Callable[[dict[str, Any]], int]  # of an order; how many things it made


def serve(tasks: Mapping[str, Task]) -> None:
    """Answer orders, one JSON object a line, until the input ends.

    An order names a ``task`` and whatever that needs; the answer is the processor time in
    ``seconds`` and what was made, ``count``.
    """
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        order = json.loads(line)
        begin = time.process_time()
        count = tasks[order["task"]](order)
        answer = {"seconds": time.process_time() - begin, "count": count}
        print(json.dumps(answer), file=answers, flush=True)
