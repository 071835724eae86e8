"""Crewing files of a force: read, check and refuse; collapse shifts; write templates."""
