{{- define "secrets-distributor.name" -}}
{{- .Values.nameOverride | default .Chart.Name -}}
{{- end }}

{{- define "secrets-distributor.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name -}}
{{- end }}

{{- define "secrets-distributor.labels" -}}
{{ include "secrets-distributor.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Also the labels of the pods. The selector of a Deployment cannot change. */}}
{{- define "secrets-distributor.selector" -}}
app.kubernetes.io/name: {{ include "secrets-distributor.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "secrets-distributor.serviceAccount" -}}
{{- if (.Values.serviceAccount).create -}}
{{- (.Values.serviceAccount).name | default (include "secrets-distributor.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name is empty and serviceAccount.create is false: set serviceAccount.name to an existing service account" (.Values.serviceAccount).name -}}
{{- end -}}
{{- end }}

{{- define "secrets-distributor.image" -}}
{{- if kindIs "string" .Values.image -}}
{{- .Values.image -}}
{{- else -}}
{{- $image := .Values.image | default dict -}}
{{- $image.repository | default .Chart.Name -}}
{{- with $image.digest }}@{{ . }}{{ else }}:{{ $image.tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The entries of env and extraEnv, by name. */}}
{{- define "secrets-distributor.variables" -}}
{{- $variables := dict -}}
{{- range .Values.env -}}{{- $_ := set $variables .name . -}}{{- end -}}
{{- range .Values.extraEnv -}}
{{- if hasKey $variables .name -}}
{{- fail (printf "extraEnv sets %s, expected another variable: env sets it too" .name) -}}
{{- end -}}
{{- $_ := set $variables .name . -}}
{{- end -}}
{{- toYaml $variables -}}
{{- end }}

{{/*
The value that env or extraEnv gives a variable. Empty: none, which is the same for the program. "?": a value that is known
only in the cluster. Takes the root context and the name.
*/}}
{{- define "secrets-distributor.variable" -}}
{{- $entry := get (include "secrets-distributor.variables" (first .) | fromYaml) (last .) | default dict -}}
{{- if or $entry.valueFrom (contains "$(" (toString $entry.value)) -}}?{{- else -}}{{- $entry.value | default "" -}}{{- end -}}
{{- end }}

{{/* "true" or empty: several replicas elect the one that writes. */}}
{{- define "secrets-distributor.elects" -}}
{{- $variable := include "secrets-distributor.variable" (list . "LEADER_ELECTION") | lower -}}
{{- if or (.Values.leaderElection).enabled (gt (int .Values.replicas) 1) (has $variable (list "true" "1")) -}}true{{- end -}}
{{- end }}

{{/* "true" or empty. */}}
{{- define "secrets-distributor.dryRun" -}}
{{- $variable := include "secrets-distributor.variable" (list . "DRY_RUN") | lower -}}
{{- if or .Values.dryRun (has $variable (list "true" "1")) -}}true{{- end -}}
{{- end }}

{{/* "true" or empty. The program's default is true on a loopback address. */}}
{{- define "secrets-distributor.statusPage" -}}
{{- $variable := include "secrets-distributor.variable" (list . "STATUS_PAGE") | lower -}}
{{- $isLoopback := include "secrets-distributor.isLoopback" . -}}
{{- if or (.Values.statusPage).enabled (has $variable (list "true" "1")) (and $isLoopback (not $variable)) -}}true{{- end -}}
{{- end }}

{{/*
The pod gets this name as LEASE_NAME, and the Role allows it: whatever MANAGED_BY is, the two agree, and no two releases of
a namespace share a Lease.
*/}}
{{- define "secrets-distributor.leaseName" -}}
{{- $name := include "secrets-distributor.variable" (list . "LEASE_NAME") -}}
{{- if and (eq $name "?") (.Values.rbac).create -}}
{{- fail "env LEASE_NAME has no plain value, expected one: the Role names the Lease" -}}
{{- end -}}
{{- $name | default (include "secrets-distributor.fullname" .) -}}
{{- end }}

{{- define "secrets-distributor.leaseNamespace" -}}
{{- $namespace := include "secrets-distributor.variable" (list . "LEASE_NAMESPACE") -}}
{{- ternary .Release.Namespace $namespace (has $namespace (list "" "?")) -}}
{{- end }}

{{/* The mark of the agent's Secrets; empty if it is not known here. */}}
{{- define "secrets-distributor.managedBy" -}}
{{- $mark := include "secrets-distributor.variable" (list . "MANAGED_BY") -}}
{{- if ne $mark "?" -}}{{- $mark | default "secrets-distributor" -}}{{- end -}}
{{- end }}

{{- define "secrets-distributor.listenAddress" -}}
{{- $variables := include "secrets-distributor.variables" . | fromYaml -}}
{{- if not (hasKey $variables "LISTEN_ADDRESS") -}}:9895
{{- else -}}
{{- if $variables.LISTEN_ADDRESS.valueFrom -}}
{{- fail "env LISTEN_ADDRESS has no plain value, expected one: the probes use its port" -}}
{{- end -}}
{{- $variables.LISTEN_ADDRESS.value | default "" -}}
{{- end -}}
{{- end }}

{{/* The port on which the agent listens; empty if it serves nothing. */}}
{{- define "secrets-distributor.listenPort" -}}
{{- $address := include "secrets-distributor.listenAddress" . -}}
{{- if $address -}}
{{- if not (or (include "secrets-distributor.isLoopback" .) (regexMatch "^(0\\.0\\.0\\.0|\\[::\\])?:[0-9]+$" $address)) -}}
{{- fail (printf "env LISTEN_ADDRESS is %q, expected a port on all addresses such as \":9895\", a loopback address such as \"127.0.0.1:9895\", or an empty value" $address) -}}
{{- end -}}
{{- $port := regexFind "[1-9][0-9]*$" $address -}}
{{- if or (gt (len $port) 5) (lt (int $port) 1) (gt (int $port) 65535) -}}
{{- fail (printf "env LISTEN_ADDRESS is %q, expected a port from 1 to 65535" $address) -}}
{{- end -}}
{{- $port -}}
{{- end -}}
{{- end }}

{{/* "true" or empty: only the containers of the pod, and `kubectl port-forward`, reach the agent. */}}
{{- define "secrets-distributor.isLoopback" -}}
{{- $number := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" -}}
{{- $pattern := printf "^(127(\\.%s){3}|\\[::1\\]):[0-9]+$" $number -}}
{{- if regexMatch $pattern (include "secrets-distributor.listenAddress" .) -}}true{{- end -}}
{{- end }}

{{/* The port on which the kubelet and Prometheus reach the agent; empty if it serves only its own pod, or nothing. */}}
{{- define "secrets-distributor.port" -}}
{{- $port := include "secrets-distributor.listenPort" . -}}
{{- if not (include "secrets-distributor.isLoopback" .) -}}{{- $port -}}{{- end -}}
{{- end }}

{{/*
Fails if env sets what a value sets too, but to something else. A value that still has its default does not count. Takes the
root context, the variable, what the value makes of it, and the name of the value.
*/}}
{{- define "secrets-distributor.agree" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $wanted := index . 2 -}}
{{- if hasKey (include "secrets-distributor.variables" $root | fromYaml) $name -}}
{{- $value := include "secrets-distributor.variable" (list $root $name) -}}
{{- $same := eq (lower $value) (lower $wanted) -}}
{{- if and (eq $wanted "true") (eq $value "1") -}}{{- $same = true -}}{{- end -}}
{{- if eq $name "WATCH_NAMESPACES" -}}
{{- $same = eq (splitList "," (nospace $value) | sortAlpha | join ",") (splitList "," $wanted | sortAlpha | join ",") -}}
{{- end -}}
{{- if not (or $same (eq $value "?")) -}}
{{- fail (printf "env %s is %q, expected %q or no such entry: %s sets this variable" $name $value $wanted (index . 3)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Variables in env and extraEnv replace those of values with the same name, because the API server rejects a name that occurs
twice.
*/}}
{{- define "secrets-distributor.env" -}}
{{- $own := dict "LOG_LEVEL" (.Values.logLevel | default "info") "LOG_FORMAT" (.Values.logFormat | default "json") -}}
{{- $sources := dict -}}
{{- if ne $own.LOG_LEVEL "info" -}}{{- $_ := set $sources "LOG_LEVEL" "logLevel" -}}{{- end -}}
{{- if ne $own.LOG_FORMAT "json" -}}{{- $_ := set $sources "LOG_FORMAT" "logFormat" -}}{{- end -}}
{{- with (.Values.rbac).namespaces -}}
{{- $_ := set $own "WATCH_NAMESPACES" (join "," .) -}}
{{- $_ := set $sources "WATCH_NAMESPACES" "rbac.namespaces" -}}
{{- end -}}
{{- if .Values.dryRun -}}
{{- $_ := set $own "DRY_RUN" "true" -}}
{{- $_ := set $sources "DRY_RUN" "dryRun" -}}
{{- end -}}
{{- if (.Values.statusPage).enabled -}}
{{- $_ := set $own "STATUS_PAGE" "true" -}}
{{- $_ := set $sources "STATUS_PAGE" "statusPage.enabled" -}}
{{- end -}}
{{- if .Values.policy -}}
{{- $_ := set $own "POLICY_PATH" "/etc/secrets-distributor/policy.yaml" -}}
{{- $_ := set $sources "POLICY_PATH" "policy" -}}
{{- end -}}
{{- if include "secrets-distributor.elects" . -}}
{{- $_ := set $own "LEADER_ELECTION" "true" -}}
{{- $_ := set $sources "LEADER_ELECTION" (ternary "leaderElection.enabled" "replicas" (eq (toString (.Values.leaderElection).enabled) "true")) -}}
{{- $_ := set $own "LEASE_NAME" (include "secrets-distributor.leaseName" .) -}}
{{- end -}}
{{- range $name, $source := $sources -}}
{{- include "secrets-distributor.agree" (list $ $name (get $own $name) $source) -}}
{{- end -}}
{{- if and (.Values.clusterDistributions).enabled (include "secrets-distributor.variable" (list . "WATCH_NAMESPACES")) -}}
{{- fail "env WATCH_NAMESPACES is set, expected no such entry with clusterDistributions.enabled: the agent must watch all namespaces for cluster distributions" -}}
{{- end -}}
{{- if and (include "secrets-distributor.statusPage" .) (not (include "secrets-distributor.listenAddress" .)) -}}
{{- $source := ternary "statusPage.enabled" "STATUS_PAGE" (eq (toString (.Values.statusPage).enabled) "true") -}}
{{- fail (printf "env LISTEN_ADDRESS is \"\", expected an address: %s needs one" $source) -}}
{{- end -}}
{{- $names := include "secrets-distributor.variables" . | fromYaml | keys -}}
{{- range $name, $value := $own }}
{{- if not (has $name $names) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- if and (include "secrets-distributor.elects" .) (not (has "POD_UID" $names)) }}
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- end }}
{{- range list .Values.env .Values.extraEnv }}
{{- with . }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "secrets-distributor.rules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
- apiGroups: [xlscsde.nhs.uk]
  resources: [secretsdistributions]
  verbs: [get, list, watch]
- apiGroups: [xlscsde.nhs.uk]
  resources: [secretsdistributions/status]
  verbs: [patch]
{{- end }}
