"""``deblurkit-blur``: sharp pictures in, pairs of blurred and sharp pictures out."""

import sys

from omegaconf import DictConfig

from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import run_command
from deblurkit.cli.paths import with_quoted_paths


def main() -> None:
    """Blur pictures, folders and patterns that are named without any key."""
    run_command("blur", task, typed_line(with_quoted_paths))


def task(cfg: DictConfig) -> None:
    """Make pairs; the exit code tells whether all were made."""
    from deblurkit.commands.blur.average_frames import average_frames
    from deblurkit.commands.blur.blur_files import blur_files

    if average_frames(cfg) if cfg.frames is not None else blur_files(cfg):
        sys.exit(1)


if __name__ == "__main__":
    main()
