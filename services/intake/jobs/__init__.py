"""What runs beside the doors: the group committer and its witness, the worker behind it, retention."""
