"""The report: figures.py draws, reasons.py says why, page.py writes one HTML file that works offline."""
