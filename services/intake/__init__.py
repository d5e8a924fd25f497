"""intake: the doors to the networks, and the inbox."""
