"""Kernels, convolution and its inverse."""
