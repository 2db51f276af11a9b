// MountWatch: to come.
