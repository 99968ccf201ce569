"""What the operator holds of an app user besides measurements: who they are, and how to reach them."""
