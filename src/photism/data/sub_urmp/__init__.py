"""Half-seconds of music with a picture of the player, in the forms in which Sub-URMP is found."""
