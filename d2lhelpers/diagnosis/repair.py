"""stub"""
def find(exercise, answer): return None
