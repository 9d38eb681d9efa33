"""Conjugate gradients for a batch of systems, each of which is solved on its own."""

from collections.abc import Callable

from torch import Tensor

VANISHED = 1e-15  # a squared residual below this is none


def conjugate_gradients(
    applied: Callable[[Tensor], Tensor],
    target: Tensor,
    *,
    start: Tensor,
    filtered: Callable[[Tensor], Tensor],
    product: Callable[[Tensor, Tensor], Tensor],
    steps: int,
) -> Tensor:
    """Solve symmetric, positive systems; differentiable in whatever they are made of.

    Args:
        applied: The systems' left side, linear.
        target: Their right side.
        start: Where the search begins, of the same shape.
        filtered: The preconditioner: roughly what undoes ``applied``.
        product: Inner product of each system, of a shape that multiplies ``target``.
        steps: How many; a system that is solved stays where it is.

    Source: Hestenes and Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems",
    Journal of Research of the National Bureau of Standards 1952.
    """
    solution, residual = start, target - applied(start)
    direction = filtered(residual)
    size = product(residual, direction)
    for _ in range(steps):
        image = applied(direction)
        stride = size / product(direction, image).clamp(min=VANISHED)
        solution = solution + stride * direction
        residual = residual - stride * image
        better = filtered(residual)
        before, size = size, product(residual, better)
        direction = better + size / before.clamp(min=VANISHED) * direction
    return solution
