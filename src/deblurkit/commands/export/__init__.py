"""The task of ``deblurkit-export``."""
