"""How large a kernel really is."""

import pytest
import torch

from deblurkit.methods.priors.kernel_search import KernelSearch
from deblurkit.methods.priors.problem import Problem


def solution(kernel: torch.Tensor) -> Problem:
    problem = Problem(torch.zeros(3, 40, 40), kernel.shape[-1])
    problem.kernel = (kernel / kernel.sum())[None]
    return problem


def search(margin: int = 0) -> KernelSearch:
    return KernelSearch(largest=21, energy=0.99, margin=margin)


@pytest.mark.parametrize(("rows", "columns", "side"), [(5, 3, 5), (2, 6, 7), (1, 1, 1)])
def test_the_side_is_that_of_what_is_in_the_kernel(rows: int, columns: int, side: int) -> None:
    kernel = torch.full((21, 21), 1e-5)  # a softmax leaves a little everywhere
    kernel[3 : 3 + rows, 9 : 9 + columns] = 1  # not in the middle
    assert search().needed(solution(kernel)) == side
    assert search(margin=2).needed(solution(kernel)) == side + 4


def test_it_never_grows_and_the_first_kernel_fits_the_picture() -> None:
    assert search(margin=5).needed(solution(torch.ones(9, 9))) == 9
    sizes = {side: search().first(torch.zeros(3, side, 90)) for side in (10, 24, 40, 90)}
    assert sizes == {10: 3, 24: 7, 40: 13, 90: 21}
