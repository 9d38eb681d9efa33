"""``deblurkit-deblur``: photographs in, sharper photographs out."""

import sys

from omegaconf import DictConfig, OmegaConf

from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import run_command
from deblurkit.cli.paths import with_quoted_paths
from deblurkit.commands.shared.results import results_folder


def main() -> None:
    """Restore pictures, folders and patterns that are named without any key."""
    OmegaConf.register_new_resolver(
        "results_folder", lambda output: str(results_folder(str(output))), replace=True
    )
    run_command("deblur", task, typed_line(with_quoted_paths))


def task(cfg: DictConfig) -> None:
    """Restore; the exit code tells whether all pictures were."""
    from deblurkit.commands.restore.restore_files import restore_files

    if restore_files(cfg):
        sys.exit(1)


if __name__ == "__main__":
    main()
