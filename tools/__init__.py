"""What builds and shows the course; nothing here is needed to read or run it."""
