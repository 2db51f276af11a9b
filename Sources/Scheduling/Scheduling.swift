// Scheduling: to come.
