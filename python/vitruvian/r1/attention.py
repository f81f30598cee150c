"""Attention on the latent cache: MLA decode, MLA prefill, and what writes the cache."""
