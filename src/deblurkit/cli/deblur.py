"""``deblurkit-deblur``: photographs in, sharper photographs out."""

import sys

from omegaconf import DictConfig

from deblurkit.cli.command_line import given
from deblurkit.cli.front import run_command
from deblurkit.cli.paths import with_quoted_paths


def main() -> None:
    """Restore pictures, folders and patterns that are named without any key."""
    run_command("deblur", task, given(with_quoted_paths))


def task(cfg: DictConfig) -> None:
    """Restore; the exit code tells whether all pictures were."""
    from deblurkit.commands.restore.restore_files import restore_files

    if restore_files(cfg):
        sys.exit(1)


if __name__ == "__main__":
    main()
