"""The last step: logits to tokens."""
