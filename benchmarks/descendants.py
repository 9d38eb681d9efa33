"""What a whole command costs: processor seconds of every process that it starts, and the clock.

``time`` counts processes that somebody waited for. A process whose parent ends first is handed
to this one here (Linux only), so that second ranks and workers are counted too, and the command
is over when the last of them is.

Run with ``python benchmarks/descendants.py make test``.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> int:
    """Run ``command``, wait for all that it started, print both times; its exit status."""
    if not command:
        print("say which command: python benchmarks/descendants.py make test")
        return 2
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("orphaned processes cannot be counted on this system")
        return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command's own affair
    start = time.monotonic()
    status = subprocess.call(command)
    while True:
        try:
            os.wait()
        except ChildProcessError:  # nobody is left
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    clock = time.monotonic() - start
    print(f"{used.ru_utime + used.ru_stime:.0f} processor seconds, {clock:.0f} s on the clock")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
