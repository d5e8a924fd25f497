"""What runs beside the doors: the group committer, the worker behind it, retention."""
