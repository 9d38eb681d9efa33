"""Pictures to pictures, or to scores: plain torch modules, one file per paper."""
