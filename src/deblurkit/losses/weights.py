"""Weights of an objective's terms: numbers, or schedules that move during training."""

from collections.abc import Callable, Mapping

from deblurkit.contracts import Scalar, Terms
from deblurkit.errors import InputError

Weight = float | Callable[[int], float]


class Ramp:
    """A weight that moves linearly and then stays.

    >>> ramp = Ramp(start=0.0, stop=1.0, batches=10)
    >>> [ramp(batches) for batches in (0, 5, 20)]
    [0.0, 0.5, 1.0]

    Args:
        start: Weight before the first batch.
        stop: Weight from batch number ``batches`` on.
        batches: Length of the ramp, in training batches (solvers: iterations of a problem).
    """

    def __init__(self, *, start: float, stop: float, batches: int) -> None:
        self.start, self.stop, self.batches = start, stop, batches

    def __call__(self, batches: int) -> float:
        """Weight after ``batches`` batches."""
        share = min(batches / self.batches, 1.0) if self.batches else 1.0
        return self.start + share * (self.stop - self.start)


class Objective:
    """The weighted sum of named terms.

    A term of weight zero is not wanted: the method neither computes nor returns it.

    >>> objective = Objective({"content": 100.0, "penalty": 0.0})
    >>> objective({"content": torch.tensor(0.5)})
    tensor(50.)
    >>> objective.wants("penalty")
    False

    Args:
        weights: Number or schedule of every term, by name.
    """

    def __init__(self, weights: Mapping[str, Weight]) -> None:
        self.weights = dict(weights)
        self.batches = 0  # the clock of the schedules

    def weight(self, name: str) -> float:
        """Weight of a term now; terms without a weight are not part of the objective."""
        weight = self.weights.get(name, 0.0)
        return weight(self.batches) if callable(weight) else weight

    def wants(self, *names: str) -> bool:
        """Whether any of these terms has a weight now."""
        return any(self.weight(name) != 0 for name in names)

    def wanted(self, **terms: Callable[[], Scalar]) -> dict[str, Scalar]:
        """Compute those terms that have a weight now, in this order."""
        return {name: term() for name, term in terms.items() if self.wants(name)}

    def __call__(self, terms: Terms) -> Scalar:
        """Sum the terms.

        Raises:
            InputError: If a weight has no term, or a term no weight: then the objective would not
                be the one that the YAML shows.
        """
        weights = {name: self.weight(name) for name in self.weights}
        wanted = {name for name, weight in weights.items() if weight != 0}
        if wanted != terms.keys():
            raise InputError(
                f"weights and terms disagree: {sorted(wanted ^ terms.keys())}; "
                f"the weights are {sorted(self.weights)}, the terms of this step {sorted(terms)}"
            )
        if not terms:
            raise InputError(
                "every weight is zero: there is nothing to minimise; give one term a weight"
            )
        first, *rest = (  # a product with one costs as much as any, and more backwards
            term if weights[name] == 1 else weights[name] * term for name, term in terms.items()
        )
        return sum(rest, first)
