"""Planning: what to expect next, and what trial would settle the crewing question."""
