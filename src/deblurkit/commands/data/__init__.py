"""What deblurkit-data does."""
