"""Two processes of a gloo group of which one meets an infinite objective, its gradient as ever.

python -m guard_ranks <folder>; what a rank has seen is in rank_<rank>.json.
"""

import json
import math
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from toy_players import Players, Single, fitted

from deblurkit.contracts import Pools, Terms
from deblurkit.methods.frame.trained import TrainedMethod

BATCHES = 4


def spoiled(method: TrainedMethod, terms: Terms) -> Terms:
    """Terms of which those of the second process are infinite in batch 1."""
    here = method.global_rank == 1 and method.trainer.fit_loop.total_batch_idx == 1
    return {name: term + (math.inf if here else 0.0) for name, term in terms.items()}


class OneSided(Single):
    """One optimiser."""

    def terms(self, batch: Pools) -> Terms:
        return spoiled(self, super().terms(batch))


class OneSidedPlayers(Players):
    """Players whose critic alone meets it."""

    def descend(self, player, optimizer, terms: Mapping) -> None:
        super().descend(player, optimizer, spoiled(self, terms) if player == "critic" else terms)


def seen(method: TrainedMethod) -> dict[str, float]:
    """Train; the numbers of all players, and how often nothing moved."""
    options = {"strategy": "ddp_find_unused_parameters_true", "devices": 2}
    fitted(method, *BATCHES * [1.0], use_distributed_sampler=False, **options)
    numbers = {name: float(value) for name, value in method.named_parameters()}
    return numbers | {"skipped": method.guard.skipped}


def main(folder: Path) -> None:
    """Be both ranks."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
    second = os.fork()  # before anything is computed
    rank = "0" if second else "1"
    os.environ["LOCAL_RANK"] = rank
    methods = {"single": OneSided(), "players": OneSidedPlayers()}
    found = {name: seen(method) for name, method in methods.items()}
    (folder / f"rank_{rank}.json").write_text(json.dumps(found))
    if second:
        os.waitpid(second, 0)
    os._exit(0)  # without the goodbyes that only whole groups can say


if __name__ == "__main__":
    main(Path(sys.argv[1]))
