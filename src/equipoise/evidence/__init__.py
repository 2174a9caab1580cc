"""Other people's trials: audit of published numbers, reconstruction of curves, pooling, design from evidence."""
