"""What deblurkit-convert does."""
