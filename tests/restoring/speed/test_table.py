"""The table of paths is what was measured and stored, and nothing else."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import get_class

from deblurkit.restoring.speed import table
from deblurkit.restoring.speed.choice import PATHS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "docs/results/speed/results.json").read_text())
    return content


def test_the_library_takes_what_is_stored(
    stored: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    written = runpy.run_path(str(ROOT / "benchmarks" / "speed.py"))["table"](stored)
    names: dict[str, Any] = {}
    exec(written, names)
    assert names["WITH_BF16"] == table.WITH_BF16
    assert names["WITHOUT"] == table.WITHOUT


def test_every_row_names_a_path_and_a_network() -> None:
    for rows_of in (table.WITH_BF16, table.WITHOUT):
        for network, rows in rows_of.items():
            get_class(network)
            assert {row[0] for row in rows} <= PATHS.keys()
    assert not any("bfloat16" in row[0] for rows in table.WITHOUT.values() for row in rows)


def test_no_share_is_above_all_of_it(stored: dict[str, Any]) -> None:
    shares = [row["share"] for result in stored.values() for row in result["rows"]]
    assert all(share is None or 0 < share <= 1 for share in shares)
