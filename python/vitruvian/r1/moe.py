"""Mixture of experts on one die: routing, token permutation, weighted sum."""
