"""What deblurkit-eval does."""
