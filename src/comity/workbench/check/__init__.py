"""What a test of an adapter cannot find: what its sample never exercises, and what can never fail."""
