"""TIFF files: directories, pages, pixels and what stands beside them."""
