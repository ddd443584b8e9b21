"""Which objects there are, what their folders say of their rows, and what is passed over."""
