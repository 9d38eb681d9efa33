"""How much memory there is, how much a computation takes, and whether it was too much."""

import sys
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_GROUP = Path("/sys/fs/cgroup")  # of a container: its limit may lie below the machine's memory
_REFUSALS = ("DefaultCPUAllocator", "can't allocate memory", "could not create a memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory was refused, on any device.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError())
    (True, False)
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _REFUSALS)


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had: of the machine, of its container, of this process.

    >>> free_memory(torch.device("cpu")) > 0
    True
    """
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return min((2**63 - 1, *_of_machine(), *_of_container(), *_of_process()))


def bytes_taken(work: Callable[[], Any]) -> int:
    """Most bytes of tensors that live at the same time, beside those that were there before.

    What operators use inside is not counted.

    >>> bytes_taken(lambda: torch.zeros(1000))
    4000
    """
    living = _Living()

    class Watched(TorchDispatchMode):  # a class anew: whether torch compiles is asked at its making
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return "torch._dynamo" in sys.modules  # or it would be imported, which takes a second

        def __torch_dispatch__(
            self, func: Any, types: Iterable[type], args: Any = (), kwargs: Any = None
        ) -> Any:
            return living.answer(func, args, kwargs or {})

    with Watched():
        work()
    return living.most


class _Living:
    """Adds up the storages that operators answer, as long as somebody holds them."""

    def __init__(self) -> None:
        self.now, self.most = 0, 0
        self._held: dict[int, weakref.ref[Any]] = {}

    def answer(self, operator: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """What an operator answers."""
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        before = {leaf.untyped_storage()._cdata for leaf in inputs}
        answer = operator(*args, **kwargs)
        for leaf in tree_leaves(answer):
            if isinstance(leaf, Tensor) and leaf.untyped_storage()._cdata not in before:
                self._hold(leaf.untyped_storage())
        self.most = max(self.most, self.now)
        return answer

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._held:
            return

        def release(_: Any) -> None:
            self.now -= size
            self._held.pop(key, None)

        self._held[key] = weakref.ref(storage, release)
        self.now += size


def _of_machine() -> list[int]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:  # not Linux; attempts that fail are made with smaller tiles
        return []
    return [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]


def _of_container() -> list[int]:
    try:
        limit, used = (int((_GROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        lines = (_GROUP / "memory.stat").read_text().splitlines()
        files = [int(line.split()[1]) for line in lines if line.startswith("inactive_file ")]
        return [limit - used + sum(files)]  # what files were cached is given back when asked for
    except (OSError, ValueError):  # no container, or one without a limit
        return []


def _of_process() -> list[int]:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):  # not Linux
        return []
    return [] if limit == resource.RLIM_INFINITY else [limit - pages * resource.getpagesize()]
