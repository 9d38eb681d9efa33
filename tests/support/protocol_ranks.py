"""One of two processes of a gloo group that share three pictures out and compare notes.

python -m protocol_ranks <rank> <folder with what protocols read>
"""

import json
import sys
from pathlib import Path

import torch
from every_protocol import NAMES, PICTURES, made, row, values
from torch import distributed


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
    )
    found = {}
    for name in NAMES:
        both, first = made(name, folder), made(name, folder)
        for number in range(rank, len(PICTURES), 2):
            row(name, both, number)
        if rank == 0:
            row(name, first, 0)  # the other process has seen nothing
        found[name] = {"both": values(both), "first": values(first)}
        both.reset()
        for number in range(len(PICTURES))[rank::2]:
            row(name, both, number)
        found[name]["again"] = values(both)
    (folder / f"rank_{rank}.json").write_text(json.dumps(found))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
