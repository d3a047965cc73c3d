"""Programming against Kiwoom Securities' Open API+ from Python, on any OS."""
