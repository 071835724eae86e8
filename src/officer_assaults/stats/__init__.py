"""Stats: methods that know no police, as pure functions; DataFrame in, frozen result out."""
