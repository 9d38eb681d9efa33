"""The module that methods derive from: Lightning's, as soon as Lightning is there.

Importing Lightning, and torchmetrics with it, takes twice the processor time of importing torch,
and who restores pictures uses nothing of it. So methods begin as plain modules where nobody has
imported Lightning, and become Lightning modules when somebody does: classes as well as objects that
were made before.
"""

import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import torch
from torch import nn

from deblurkit.late.imports import when_imported

LIGHTNING = "lightning.pytorch"

if TYPE_CHECKING or LIGHTNING in sys.modules:
    from lightning.pytorch import LightningModule

    MethodModule = LightningModule
else:
    LIVING: "WeakSet[MethodModule]" = WeakSet()

    class MethodModule(nn.Module):
        """What restoring needs of a Lightning module: it knows its device.

        Whatever else is asked of it imports Lightning.
        """

        def __init__(self) -> None:
            super().__init__()
            self._device = torch.get_default_device()  # Lightning's name for it
            LIVING.add(self)

        def __setstate__(self, state: dict[str, Any]) -> None:
            super().__setstate__(state)
            LIVING.add(self)  # copies call no constructor

        @property
        def device(self) -> torch.device:
            """Where it was moved; a method without weights is somewhere, too."""
            return self._device

        def _apply(self, fn: Any, recurse: bool = True) -> "MethodModule":
            self._device = fn(torch.empty(0, device=self._device)).device
            return super()._apply(fn, recurse)

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith("_"):
                    raise
            from lightning.pytorch import LightningModule

            if isinstance(self, LightningModule):  # since this import
                return getattr(self, name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def become_lightning() -> None:
        """Put Lightning's module in the place of the plain one, in classes and in their objects."""
        from lightning.pytorch import LightningModule

        for kind in MethodModule.__subclasses__():
            bases = (LightningModule if base is MethodModule else base for base in kind.__bases__)
            kind.__bases__ = tuple(bases)
        for module in LIVING:
            vars(module).update({**vars(LightningModule()), **vars(module)})

    when_imported(LIGHTNING, become_lightning)
