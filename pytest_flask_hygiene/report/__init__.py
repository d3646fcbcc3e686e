"""What a person reads: failure texts and the terminal summary."""
