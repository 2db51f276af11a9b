// Distribution: to come.
