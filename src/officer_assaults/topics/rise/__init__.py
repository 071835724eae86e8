"""Rise: whether the rise of one force is real, and whether it is unusual."""
