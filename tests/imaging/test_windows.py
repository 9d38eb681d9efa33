"""The window where something is strongest."""

import torch

from deblurkit.imaging.windows import highest_mean


def test_the_window_covers_what_is_strong() -> None:
    values = torch.zeros(1, 40, 64)
    values[0, 20:28, 40:48] = 1.0
    peak = highest_mean(values, 16)
    assert peak.window == (slice(16, 32), slice(32, 48))
    assert peak.value == 64 / 256


def test_of_several_maps_what_is_asked_for_counts() -> None:
    first, second = torch.zeros(2, 32, 32).unbind()
    first[:8, :8], second[:8, :8], second[16:24, 8:16] = 3.0, 3.0, 1.0
    both = torch.stack([first, second])
    apart = highest_mean(both, 8, of=lambda means: means.amax(0) - means.amin(0))
    assert (apart.window, apart.value) == ((slice(16, 24), slice(8, 16)), 1.0)


def test_a_small_map_is_taken_as_far_as_it_goes() -> None:
    assert highest_mean(torch.ones(1, 5, 40), 16).window == (slice(0, 5), slice(0, 16))
