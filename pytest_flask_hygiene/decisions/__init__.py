"""What the user has accepted, the baseline above all, and what of it is good for nothing any more."""
