"""What outlives a restart: one SQL database, its migrations, and queries as methods that give rows."""
