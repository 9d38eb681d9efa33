import pytest
import torch

from deblurkit.contracts import Scalar
from deblurkit.errors import InputError
from deblurkit.losses.weights import Objective, Ramp


def terms(**values: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def test_the_objective_is_the_weighted_sum() -> None:
    objective = Objective({"content": 1.0, "adversarial": 0.5})
    assert objective(terms(content=2.0, adversarial=4.0)) == pytest.approx(4)
    assert objective(terms(adversarial=4.0, content=2.0)) == pytest.approx(4)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (terms(content=1.0), "adversarial"),  # a weight without a term
        (terms(content=1.0, adversarial=1.0, penalty=1.0), "penalty"),  # a term without a weight
        (terms(content=1.0, adverserial=1.0), "adverserial"),
        (terms(content=1.0, adversarial=1.0, unwanted=1.0), "unwanted"),  # its weight is zero
    ],
)
def test_weights_and_terms_must_agree(given: dict[str, torch.Tensor], named: str) -> None:
    objective = Objective({"content": 1.0, "adversarial": 0.5, "unwanted": 0.0})
    with pytest.raises(InputError, match=f"weights and terms disagree: .*'{named}'"):
        objective(given)


def test_a_weight_of_zero_is_not_wanted() -> None:
    objective = Objective({"content": 1, "cycle": 0})
    assert objective.wants("content")
    assert not objective.wants("cycle")
    assert objective.wants("cycle", "content")
    assert not objective.wants("unknown")
    assert objective(terms(content=3.0)) == pytest.approx(3)


def test_nothing_to_minimise_is_an_error() -> None:
    with pytest.raises(InputError, match=r"every weight is zero"):
        Objective({"content": 0.0})({})


def test_schedules_count_batches() -> None:
    objective = Objective({"content": 1.0, "cycle": Ramp(start=0.0, stop=2.0, batches=4)})
    weights = []
    for objective.batches in (0, 1, 2, 4, 100):
        weights.append(objective.weight("cycle"))
    assert weights == [0.0, 0.5, 1.0, 2.0, 2.0]
    objective.batches = 0
    assert not objective.wants("cycle")
    objective.batches = 2
    assert objective(terms(content=1.0, cycle=3.0)) == pytest.approx(4)


def test_a_ramp_without_length_stands_at_its_end() -> None:
    assert Ramp(start=1.0, stop=0.0, batches=0)(0) == 0


def test_gradients_flow_through_every_term() -> None:
    one, two = torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    Objective({"one": 2.0, "two": 3.0})({"one": one, "two": two}).backward()
    assert (one.grad, two.grad) == (2, 3)


def test_only_wanted_terms_are_computed() -> None:
    computed = []

    def term() -> Scalar:
        computed.append("wanted")
        return torch.ones(())

    objective = Objective({"content": 2.0, "identity": 0.0})
    terms = objective.wanted(content=term, identity=lambda: pytest.fail("not wanted"))
    assert terms.keys() == {"content"}
    assert computed == ["wanted"]
