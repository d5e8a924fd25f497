"""sla: every message that is owed an answer gets its deadline, its warnings and its verdict."""
