"""Forces: how a force compares once its size is allowed for."""
