"""What is asked of one running stack: the command line, its logs, and that whatever is killed comes back."""
