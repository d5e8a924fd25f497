"""What every service stands on: clocks, database, doors, rights, logs. One small module each; import the module you need."""
