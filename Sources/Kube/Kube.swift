// Kube: to come.
