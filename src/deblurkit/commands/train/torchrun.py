"""What torchrun leaves to a job when it starts it again."""

import os

from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import distributed
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

RESTARTS = "TORCHELASTIC_RESTART_COUNT"


def isolate_rendezvous(strategy: Strategy) -> None:
    """Let the processes of a job that was started again find each other.

    torchrun keeps what they tell each other, so that the addresses of the processes that are gone
    may be taken for those of their successors (pytorch/pytorch#135712). Each life of a job gets
    names of its own here. Several machines count restarts differently, so that nothing is done
    there; with TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun forgets by itself.
    """
    life = os.environ.get(RESTARTS, "0")
    alone = os.environ.get("GROUP_WORLD_SIZE") == "1"  # machines
    if life == "0" or not alone or not isinstance(strategy, DDPStrategy):
        return
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    device = strategy.root_device
    distributed.init_process_group(
        distributed.get_default_backend_for_device(device),
        store=PrefixStore(f"life {life}", TCPStore(host, port, is_master=False)),
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
        device_id=None if device.type == "cpu" else device,
    )
