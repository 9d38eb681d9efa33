"""``deblurkit-convert``: published weights in, a file that ``weights=`` reads out."""

from omegaconf import DictConfig

from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import run_command


def main() -> None:
    """Convert what one source publishes."""
    run_command("convert", task, typed_line())


def task(cfg: DictConfig) -> None:
    """Convert."""
    from deblurkit.commands.convert.convert import convert

    convert(cfg)


if __name__ == "__main__":
    main()
