"""What deblurkit-blur does."""
