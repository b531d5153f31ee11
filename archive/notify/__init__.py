"""What a person asked to be told of: saved searches, starred articles, problems; to a command, a
webhook or any service."""
