"""Every SQL statement of intake, by what it keeps: sources, deliveries, the inbox as facts change it, the inbox as read."""
