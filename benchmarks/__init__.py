"""Side-by-side measurements. Each prints ratios or percentiles from one run on one machine."""
