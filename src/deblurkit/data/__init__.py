"""Files to batches: sources, blur synthesis, augmentation, data modules."""
