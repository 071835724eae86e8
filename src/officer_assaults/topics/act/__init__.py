"""Act: whether recorded assaults stepped when the 2018 Act began."""
