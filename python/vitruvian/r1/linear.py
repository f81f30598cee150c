"""Matrix products: INT8 and BF16 linear layers, batched and grouped GEMM."""
