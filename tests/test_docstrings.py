"""Examples in the docstrings of what ``deblurkit`` itself offers run and are true."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest
import torch

import deblurkit


@pytest.mark.parametrize("name", deblurkit.__all__)
def test_the_example_of_a_public_name_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # files that it writes
    public = getattr(deblurkit, name)
    names = {**vars(import_module(public.__module__)), "torch": torch}
    examples = doctest.DocTestFinder(recurse=False).find(public, name, globs=names)
    assert sum(len(found.examples) for found in examples), "every public name has an example"
    runner = doctest.DocTestRunner()
    for found in examples:
        assert runner.run(found).failed == 0
