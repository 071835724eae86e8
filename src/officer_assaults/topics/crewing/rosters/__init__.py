"""Rosters of any size: officer-shifts that stay where they are, only sums of which are read."""

from officer_assaults.topics.crewing.rosters.engines import Cancelled
from officer_assaults.topics.crewing.rosters.roster import Roster, open_roster, open_table
from officer_assaults.topics.crewing.rosters.write import write_roster

__all__ = ["Cancelled", "Roster", "open_roster", "open_table", "write_roster"]
