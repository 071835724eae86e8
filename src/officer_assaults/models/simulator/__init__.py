"""A simulated force whose truth is known, to prove methods on and to show reports with.

:func:`~officer_assaults.models.simulator.force.simulate_force` draws a force;
:mod:`~officer_assaults.models.simulator.scenarios` names the situations that a method must survive.
"""
