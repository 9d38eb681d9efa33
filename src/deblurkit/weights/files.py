"""The file behind ``weights=``, looked for before anything heavy is imported."""

from pathlib import Path

from omegaconf import OmegaConf

from deblurkit.config import conf_dir
from deblurkit.errors import InputError, sentence
from deblurkit.paths import expanded
from deblurkit.weights import kept_file, named_file, shipped

OF_A_RUN = ("best.ckpt", "last.ckpt", "previous.ckpt")  # without validation none is best


def existing(weights: str | Path) -> Path:
    """The file behind a ``weights=`` value.

    Raises:
        InputError: If there is no such file.
    """
    if "://" in str(weights):
        raise InputError(f"{weights} is an address; download the file first and give its path")
    if isinstance(weights, str) and (file := named_file(weights)):
        return file
    try:
        path = expanded(weights)
        for name in OF_A_RUN:
            if (path / name).is_file():
                return path / name
        is_file = path.is_file()
    except (OSError, TypeError, ValueError) as error:  # a name that no file can have
        raise InputError(f"{weights!r:.200} is no path of a file: {sentence(error)}") from error
    if not is_file:
        raise InputError(
            f"{weights} is no file; {way_to(path.name.removesuffix('.safetensors'))}"
            f"weights= takes a checkpoint, a safetensors file, or one of {', '.join(shipped())}"
        )
    return path


def way_to(name: str) -> str:
    """How to come by what has this name: of a method, or of weights that a source delivers."""
    source, model = (conf_dir() / group / f"{name}.yaml" for group in ("source", "model"))
    if not name.isidentifier() or not source.is_file():
        is_method = name.isidentifier() and model.is_file()
        return f"{name} is the name of a method, model={name}; " if is_method else ""
    described = OmegaConf.load(source).source
    commands = [*described.get("fetching", ()), f"deblurkit-convert source={name}"]
    path = described.get("fetched", "<its files>")
    commands[-1] += f" path={path} output={kept_file(name)}"
    return f"these commands make it: {', then '.join(commands)}; "
