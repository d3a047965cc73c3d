"""Figures derived from prices: investors, firms, programme trading, lending, NAV, open interest."""
