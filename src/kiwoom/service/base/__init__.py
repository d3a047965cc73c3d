"""What the service stands on: status codes, security, settings."""
