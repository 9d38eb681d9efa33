"""Pictures that show pictures."""
