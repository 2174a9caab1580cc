"""Kernels of CUDA devices, of the extra `equipoise[gpu]`; `presence` alone is free of it."""
