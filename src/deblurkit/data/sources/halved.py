"""Pictures at half their resolution, for papers that train and score at that size."""

from deblurkit.data.sources.base import Source
from deblurkit.data.sources.reduced import Reduced


class Halved(Reduced):
    """Every pixel is the mean of four, for all pictures of a pair alike.

    An odd last row or column is left out. Blur becomes half as long; 1280x720 becomes 640x360.

    Args:
        source: What to halve; cache the halves, not the whole pictures.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source, factor=2)
