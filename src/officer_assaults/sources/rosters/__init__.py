"""Rosters of any size: officer-shifts that stay where they are, only sums of which are read."""

from officer_assaults.sources.rosters.engines import Cancelled
from officer_assaults.sources.rosters.roster import Roster, open_roster, open_table
from officer_assaults.sources.rosters.write import write_roster

__all__ = ["Cancelled", "Roster", "open_roster", "open_table", "write_roster"]
