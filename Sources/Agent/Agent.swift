// Agent: to come.
