"""What the simulated server does for one program, a module for each group of functions."""
