"""Which pictures are read and written, by the suffixes of their files; nothing is imported here."""

WRITABLE = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
READABLE = WRITABLE | {".apng", ".avif", ".dib", ".gif", ".jfif", ".jpe", ".mpo"}
READABLE |= {".pbm", ".pgm", ".pnm", ".ppm"}
STACKS = frozenset({".tif", ".tiff"})  # hold pages
