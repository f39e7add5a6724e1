"""What stands on the drawn stage: pen, backdrop, person, and the thirteen instruments."""
