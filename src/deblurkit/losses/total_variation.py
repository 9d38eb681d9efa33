"""Total variation: how much neighbouring pixels differ."""

from deblurkit.contracts import Images, Scalar


def total_variation(images: Images) -> Scalar:
    """Mean absolute difference to the next row plus that to the next column.

    >>> rising = torch.tensor([0.0, 0.25, 0.5, 0.75]).expand(1, 3, 4, 4)
    >>> total_variation(rising)
    tensor(0.2500)

    Args:
        images: Intensities of any range; at least two rows and two columns.

    Returns:
        Scalar, in intensity units per pixel, whatever the size of the picture.

    Source: Rudin et al., "Nonlinear Total Variation Based Noise Removal Algorithms", Physica D
    1992, of each axis on its own.
    Differs from the sums that papers write: a mean, so that a weight serves all sizes.
    """
    rows = (images[..., 1:, :] - images[..., :-1, :]).abs().mean()
    columns = (images[..., 1:] - images[..., :-1]).abs().mean()
    return rows + columns
