"""``deblurkit``: which commands there are."""

import shlex
import sys

import deblurkit
from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import MISTAKE, complain
from deblurkit.cli.help import COMMANDS, overview, show


def main() -> None:
    """List the commands; what is meant for one of them is answered with its name."""
    line = typed_line()
    if line.asks_version:
        print(f"deblurkit {deblurkit.__version__}")
    elif line.is_empty or line.asks_help:
        show(overview())
    else:
        first, *others = [*line.overrides, *line.flags]
        command = first if first in COMMANDS else "deblur"
        words = shlex.join(others if first in COMMANDS else [first, *others])
        complain(f"deblurkit only lists the commands; write deblurkit-{command} {words}".rstrip())
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
