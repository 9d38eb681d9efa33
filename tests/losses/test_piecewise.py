"""One distance, then another."""

from deblurkit.losses.pixel import l1
from deblurkit.losses.schedules import PiecewiseDistance
from deblurkit.losses.squared import mse


def test_the_first_distance_has_as_many_iterations_as_were_given() -> None:
    distances = PiecewiseDistance(first=mse, then=l1, switch=2)
    assert [distances(done) for done in range(4)] == [mse, mse, l1, l1]
    assert PiecewiseDistance(first=mse, then=l1, switch=0)(0) is l1
