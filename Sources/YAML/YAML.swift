// YAML: to come.
