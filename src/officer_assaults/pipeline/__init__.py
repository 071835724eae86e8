"""Pipeline: check, run and render parametrised notebooks, whatever they are about."""
