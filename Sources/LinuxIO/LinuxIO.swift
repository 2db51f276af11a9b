// LinuxIO: to come.
