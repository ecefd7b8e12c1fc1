"""Which single edit of the learner's own function would make it right? Small modules, no lesson inside."""
