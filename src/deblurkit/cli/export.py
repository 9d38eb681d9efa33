"""``deblurkit-export``: trained weights in, a file that other programs restore with out."""

from omegaconf import DictConfig

from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import run_command


def main() -> None:
    """Export one network."""
    run_command("export", task, typed_line())


def task(cfg: DictConfig) -> None:
    """Export."""
    from deblurkit.commands.export.export import export

    export(cfg)


if __name__ == "__main__":
    main()
