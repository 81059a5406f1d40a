"""Quality control: a verdict and a reason for every cell and every sample; nothing is dropped silently."""
