"""Normalisation, rotation, activation, quantisation, gather: kernels of the vector cores alone."""
