print("secrets-distributor")
