"""Crewing: what patrolling alone does to the risk of an officer."""
