"""What deblurkit-train does."""
