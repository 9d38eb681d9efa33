"""Files of strangers: read into tensors and plain values, with nothing in them called."""
