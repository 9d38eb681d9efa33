"""A source of small pictures in memory; every pixel tells where it came from."""

import numpy as np

from deblurkit.data.sources.base import Pictures, Source


class Numbered(Source):
    """Pictures that hold their own number, row and column; a partner holds 100 more in red."""

    def __init__(self, count: int, *roles: str, side: int = 24) -> None:
        self.names = [f"group{index // 2}/{index}" for index in range(count)]
        self.groups = [name.partition("/")[0] for name in self.names]
        self.roles = frozenset(roles or ("blurred", "sharp"))
        self.side = side

    def read(self, index: int) -> Pictures:
        rows, columns = np.indices((self.side, self.side))
        return {
            role: np.stack(
                [np.full_like(rows, index + 100 * (role == "sharp")), rows, columns], axis=-1
            ).astype(np.uint8)
            for role in sorted(self.roles)
        }

    def size(self, index: int) -> tuple[int, int]:
        return self.side, self.side

    def stamp(self, index: int) -> str:
        return self.names[index]


class Mapped(Numbered):
    """The same with a class map: its classes are row, column, number, nothing and the rest."""

    def __init__(self, count: int, *roles: str, side: int = 24, classes: int = 5) -> None:
        self.pictures = Numbered(count, *roles, side=side)
        super().__init__(count, *self.pictures.roles, "condition", side=side)
        self.classes = classes

    def read(self, index: int) -> Pictures:
        rows, columns = np.indices((self.side, self.side))
        values = np.zeros((self.side, self.side, self.classes), np.uint8)
        values[..., 0], values[..., 1], values[..., 2] = rows, columns, index
        values[..., -1] = 255 - values.sum(axis=-1)
        return self.pictures.read(index) | {"condition": values}
