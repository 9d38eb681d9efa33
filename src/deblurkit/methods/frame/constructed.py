"""Classes whose constructors take every number by name, and say where the numbers stand."""

from abc import ABCMeta
from inspect import Parameter, Signature, signature
from typing import Any

from deblurkit.errors import ArgumentsError, sentence

OURS = "deblurkit.methods."


class ConstructedByName(ABCMeta):
    """The type of method classes: a call that leaves numbers out is answered with the way to them.

    What goes wrong inside a constructor is not touched.
    """

    @property
    def __signature__(cls) -> Signature:  # or that of __call__ below is shown everywhere
        own = signature(cls.__init__)  # type: ignore[misc]
        return own.replace(parameters=list(own.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an object.

        Raises:
            ArgumentsError: If arguments are missing or unknown, with how the class is built.
        """
        try:
            return super().__call__(*args, **kwargs)
        except TypeError as error:
            if cls.__abstractmethods__:
                raise
            try:
                cls.__signature__.bind(*args, **kwargs)
            except TypeError as mismatch:
                reason = lacking(cls.__signature__, kwargs) or sentence(mismatch)
                raise ArgumentsError(f"{cls.__name__}: {reason}; {way_to(cls)}") from error
            raise


def lacking(wanted: Signature, kwargs: dict[str, Any]) -> str:
    """Which arguments are missing, in words; empty if none is."""
    missing = [
        parameter.name
        for parameter in wanted.parameters.values()
        if parameter.default is Parameter.empty
        and parameter.kind is Parameter.KEYWORD_ONLY
        and parameter.name not in kwargs
    ]
    return f"{', '.join(missing)} {'are' if missing[1:] else 'is'} missing" if missing else ""


def way_to(kind: type) -> str:
    """How a class is built with its numbers."""
    if not kind.__module__.startswith(OURS):
        return "its arguments are given by name"
    key = vars(kind).get("config") or kind.__module__.removeprefix(OURS)
    return (
        f"deblurkit.build({key!r}) makes it with the numbers of conf/model/{key}.yaml, and "
        "deblurkit.load reads trained weights"
    )
