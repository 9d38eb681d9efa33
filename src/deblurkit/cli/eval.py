"""``deblurkit-eval``: a table of scores, a CSV with a row per picture, a JSON with the means."""

from omegaconf import DictConfig

from deblurkit.cli.command_line import typed_line
from deblurkit.cli.front import run_command
from deblurkit.weights.files import existing


def main() -> None:
    """Score a method or a folder of restored pictures."""
    run_command("eval", task, typed_line())


def task(cfg: DictConfig) -> None:
    """Score; a misspelt name of weights is refused before anything heavy is imported."""
    if cfg.weights is not None and cfg.restored is None:
        existing(cfg.weights)
    from deblurkit.commands.evaluate.evaluate import evaluate

    evaluate(cfg)


if __name__ == "__main__":
    main()
