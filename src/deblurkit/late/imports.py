"""How modules of others are imported: what is done after that, and how it takes less time."""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def when_imported(name: str, action: Callable[[], None]) -> None:
    """Do something right after a module has been imported; at once where it was imported before.

    >>> done = []
    >>> when_imported("json", lambda: done.append("now"))
    >>> done
    ['now']

    Args:
        name: Of the module, in full.
        action: What is done, once.
    """
    if name in sys.modules:
        action()
    else:
        sys.meta_path.insert(0, Awaiting(name, action))


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no garbage inside: imports make hardly any, and looking is a tenth of their time.

    >>> with without_collection():
    ...     gc.isenabled()
    False
    """
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


class Awaiting(MetaPathFinder):
    """Stands before the finders of modules until one module is looked for.

    Args:
        name: Of the module.
        action: What is done once it is imported.
    """

    def __init__(self, name: str, action: Callable[[], None]) -> None:
        self.name, self.action = name, action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders say, with the action behind the import."""
        if fullname != self.name:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = Followed(spec.loader, self)
                return spec
        return None


class Followed(Loader):
    """Loads a module as its own loader does, and does what is awaited behind that.

    Args:
        loader: The module's own.
        awaiting: What is done.
    """

    def __init__(self, loader: Loader, awaiting: Awaiting) -> None:
        self.loader, self.awaiting = loader, awaiting

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the module's own loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Import it; an import that fails may be tried again."""
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        sys.meta_path.remove(self.awaiting)
        self.awaiting.action()
