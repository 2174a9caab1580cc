"""Inner loops on arrays: plain/ (the law), compiled/ (numba), dispatch.py chooses between them."""
