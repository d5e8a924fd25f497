"""What the containers need besides the services: a health check and a laptop's first steps."""
