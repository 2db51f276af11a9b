// KubeCurl: to come.
