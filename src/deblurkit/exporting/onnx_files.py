"""A program as the bytes of an ONNX file."""

import re
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch.export import ExportedProgram

import deblurkit
from deblurkit.errors import InputError, sentence
from deblurkit.exporting.needed import needed
from deblurkit.exporting.programs import INPUT, OUTPUT, WORDS, quiet

USE = "format=onnx"


def onnx_model(program: ExportedProgram, *, opset: int, name: str) -> Any:
    """The graph of a program, with the weights inside.

    Args:
        program: Of one picture, with free height and width.
        opset: Version of the ONNX operators.
        name: Of the method, for a sentence.

    Raises:
        InputError: If a package is missing, or an operator has no form in ONNX.
    """
    for package in ("onnx", "onnxscript"):
        needed(package, extra="onnx", use=USE)
    try:
        with quiet(), warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # torch and onnxscript between themselves
            exported = torch.onnx.export(
                program,
                (),
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=opset,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # of the exporter, of any kind
        raise InputError(
            f"{name} cannot be written as ONNX; torch says: {innermost(error):.{WORDS}}"
        ) from error
    assert exported is not None
    model: Any = exported.model_proto
    written = {entry.version for entry in model.opset_import if not entry.domain}
    if written != {opset}:
        raise InputError(
            f"{name} cannot be written with opset {opset}: torch made {sorted(written)}; choose "
            "another opset="
        )
    model.producer_name, model.producer_version = "deblurkit", deblurkit.__version__
    model.doc_string = f"{name}, exported by deblurkit-export"
    return model


def with_words(model: Any, words: Mapping[str, str]) -> bytes:
    """The bytes of a model with its metadata."""
    onnx = needed("onnx", extra="onnx", use=USE)
    onnx.helper.set_model_props(model, dict(words))
    content: bytes = model.SerializeToString()
    return content


def innermost(error: BaseException) -> str:
    """What the first of nested errors says, and of which operator the others speak."""
    operator = ""
    while True:
        named = re.search(r"torch\.ops\.([\w.]+)", str(error))
        operator = named[1] if named else operator
        cause = error.__cause__ or error.__context__
        if cause is None:
            of_what = f"operator {operator}: " if operator else ""
            return f"{of_what}{type(error).__name__}, {sentence(error)}"
        error = cause
