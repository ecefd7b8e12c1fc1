"""Small helpers for the notebooks: pictures, slider panels, data, exercise checks."""
