"""What several kinds of synthetic blur share."""
