"""``deblurkit-data verify | prepare``: is a data set what it should be; its decoded cache."""

import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import run_command
from deblurkit.errors import InputError

ACTIONS = ("verify", "prepare")


def main() -> None:
    """Do what the first word says."""
    run_command("data", task, typed_line(with_action))


def with_action(words: Sequence[str]) -> list[str]:
    """The same words, with the one that says what to do as a change of the config."""
    return [f"action={word}" if word in ACTIONS else word for word in words]


def task(cfg: DictConfig) -> None:
    """Verify or prepare; the exit code tells whether the data set is as it should be."""
    if cfg.action not in ACTIONS:
        raise InputError("say what to do: deblurkit-data verify or deblurkit-data prepare")
    if cfg.action == "prepare":
        from deblurkit.commands.data.prepare import prepare_data

        prepare_data(cfg)
        return
    from deblurkit.commands.data.verify import verify_data

    if verify_data(cfg):
        sys.exit(1)


if __name__ == "__main__":
    main()
