"""Data: read, check and refuse files; hand out tidy frames.

The long view, for every page: ``long_view.quarters(force_or_england_and_wales)`` gives counts by
quarter from 2012 with breaks marked, ``long_view.growth(period0, period1)`` growth over any span
with the spread between forces, ``long_view.base_year(force, period0, period1)`` whether the base
year is the lowest of three.
"""
