import pytest
import torch

from deblurkit.imaging.drawing.detections import Detections
from deblurkit.metrics.parts.matching import overlaps, partners


def objects(*rows: tuple[float, float, float, float, float, str]) -> Detections:
    """Left, top, right, bottom, score and label of each."""
    return Detections(
        boxes=torch.tensor([row[:4] for row in rows], dtype=torch.float32).reshape(-1, 4),
        scores=torch.tensor([row[4] for row in rows], dtype=torch.float32),
        labels=tuple(row[5] for row in rows),
    )


def test_overlap_is_shared_area_over_joint_area() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5], [5, 5, 5, 5]])
    others = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [10, 10, 20, 20]])
    expected = [[1, 50 / 150, 0], [0.5, 25 / 125, 0], [0, 0, 0]]
    found = overlaps(boxes, others)
    assert found.numpy() == pytest.approx(torch.tensor(expected).double().numpy(), abs=1e-7)
    assert overlaps(torch.zeros(1, 4), torch.zeros(1, 4)).item() == 0  # no area


def test_an_object_at_the_threshold_counts_and_just_below_does_not() -> None:
    truth = objects((0, 0, 10, 10, 1, "car"))
    half, less = objects((0, 0, 10, 5, 0.9, "car")), objects((0, 0, 10, 4.99, 0.9, "car"))
    assert partners(half, truth, overlap=0.5).tolist() == [0]
    assert partners(less, truth, overlap=0.5).tolist() == [-1]


def test_another_class_in_the_same_place_is_wrong() -> None:
    truth = objects((0, 0, 10, 10, 1, "car"), (0, 0, 10, 10, 1, "person"))
    found = objects((0, 0, 10, 10, 0.9, "bus"), (0, 0, 10, 10, 0.8, "person"))
    assert partners(found, truth, overlap=0.5).tolist() == [-1, 1]


def test_each_true_object_is_found_once_by_the_most_confident() -> None:
    truth = objects((0, 0, 10, 10, 1, "car"))
    found = objects((0, 0, 10, 10, 0.6, "car"), (0, 0, 10, 9, 0.9, "car"))
    assert partners(found, truth, overlap=0.5).tolist() == [-1, 0]


def test_the_second_takes_what_is_left() -> None:
    """The first overlaps most with object 1; the second would too, and gets object 0."""
    truth = objects((0, 0, 10, 10, 1, "car"), (2, 0, 12, 10, 1, "car"))
    found = objects((2, 0, 12, 10, 0.9, "car"), (3, 0, 11, 10, 0.8, "car"))
    assert overlaps(found.boxes, truth.boxes)[1].tolist() == pytest.approx([7 / 11, 8 / 10])
    assert partners(found, truth, overlap=0.5).tolist() == [1, 0]


def test_of_equal_scores_the_first_counts() -> None:
    truth = objects((0, 0, 10, 10, 1, "car"))
    found = objects((0, 0, 10, 9, 0.9, "car"), (0, 0, 10, 10, 0.9, "car"))
    assert partners(found, truth, overlap=0.5).tolist() == [0, -1]


@pytest.mark.parametrize(("found", "truth"), [(0, 0), (0, 1), (2, 0)])
def test_nothing_found_or_nothing_there(found: int, truth: int) -> None:
    rows = [(0, 0, 10, 10, 0.9, "car"), (20, 0, 30, 10, 0.9, "car")]
    answer = partners(objects(*rows[:found]), objects(*rows[:truth]), overlap=0.5)
    assert answer.tolist() == [-1] * found


def test_nothing_changes_what_was_given() -> None:
    truth = objects((0, 0, 10, 10, 1, "car"), (20, 0, 30, 10, 1, "car"))
    before = truth.boxes.clone()
    assert partners(truth, truth, overlap=1.0).tolist() == [0, 1]
    assert truth.boxes.equal(before)
