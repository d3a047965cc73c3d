"""The dispatch functions of the simulated server for one program, a module for each group."""
