"""Total variation: how much neighbouring pixels differ."""

from deblurkit.contracts import Images, Scalar
from deblurkit.losses.pixel import widened


def total_variation(images: Images) -> Scalar:
    """Mean absolute difference to the next row plus that to the next column.

    >>> rising = torch.tensor([0.0, 0.25, 0.5, 0.75]).expand(1, 3, 4, 4)
    >>> total_variation(rising)
    tensor(0.2500)

    Args:
        images: Intensities of any range; at least two rows and two columns.

    Returns:
        Scalar, in intensity units per pixel, whatever the size of the picture; at least float32.

    Source: Rudin et al., "Nonlinear Total Variation Based Noise Removal Algorithms", Physica D
    1992, of each axis on its own.
    Differs from the sums that papers write: a mean, so that a weight serves all sizes.
    """
    (values,) = widened(images)
    rows = (values[..., 1:, :] - values[..., :-1, :]).abs().mean()
    columns = (values[..., 1:] - values[..., :-1]).abs().mean()
    return rows + columns
