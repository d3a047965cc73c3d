"""Stock screens: their language, their file, the fields they read."""
