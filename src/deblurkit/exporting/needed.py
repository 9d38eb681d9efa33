"""Packages that extras bring."""

from importlib import import_module
from types import ModuleType

from deblurkit.errors import InputError


def needed(package: str, *, extra: str, use: str) -> ModuleType:
    """A package of an extra.

    Args:
        package: Its name.
        extra: That brings it.
        use: What needs it, as the beginning of a sentence.

    Raises:
        InputError: If it is not installed, with the command that installs it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise InputError(f"{use} needs {package}: pip install 'deblurkit[{extra}]'") from error
