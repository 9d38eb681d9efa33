"""When an optimisation ends."""

import pytest
import torch

from deblurkit.errors import InputError
from deblurkit.methods.priors.stopping import Fixed, Progress


def test_a_fixed_number_of_iterations() -> None:
    picture = torch.zeros(1, 1, 4, 4)
    seen = [Fixed(iterations=3).ends(Progress(n, picture, picture, 0.1)) for n in (1, 2, 3)]
    assert seen == [False, False, True]
    with pytest.raises(InputError, match="at least one iteration"):
        Fixed(iterations=0)
