"""What the report's page shows, computed before any HTML is written."""
