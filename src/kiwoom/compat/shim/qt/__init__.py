"""What is particular to Qt: its clocks, its noise, pictures of its windows, and the PyQt4 names of PyQt5."""
