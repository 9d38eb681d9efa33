"""What deblurkit-deblur does."""
