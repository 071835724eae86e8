"""A simulated force whose truth is known, to prove methods on and to show reports with.

``force.simulate_force`` draws a force;
``scenarios`` names the situations that a method must survive.
"""
