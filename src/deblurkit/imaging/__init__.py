"""Picture files in and out without loss; padding and tiling; kernels and deconvolution."""
