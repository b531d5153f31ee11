"""What makes the command line pleasant: completion, pager, lists."""
