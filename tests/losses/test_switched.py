"""One distance, then another."""

from deblurkit.losses.pixel import l1
from deblurkit.losses.squared import mse
from deblurkit.losses.switched import Switched


def test_the_first_distance_has_as_many_iterations_as_were_given() -> None:
    distances = Switched(first=mse, then=l1, switch=2)
    assert [distances(done) for done in range(4)] == [mse, mse, l1, l1]
    assert Switched(first=mse, then=l1, switch=0)(0) is l1
