"""How fast DeepSeek-R1 is served: deployments composed from emulated kernels, beside an H100."""
