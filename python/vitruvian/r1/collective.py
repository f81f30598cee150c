"""Between dies: dispatch and combine of tokens to experts, all-gather, reduce-scatter."""
