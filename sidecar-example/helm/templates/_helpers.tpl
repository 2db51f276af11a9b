{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default .Release.Name -}}
{{- else -}}
{{- required "serviceAccount.name is empty and serviceAccount.create is false: set serviceAccount.name to an existing service account" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "image" -}}
{{- if kindIs "string" .Values.image -}}
{{- .Values.image -}}
{{- else if .Values.image.digest -}}
{{- .Values.image.repository }}@{{ .Values.image.digest -}}
{{- else -}}
{{- .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion -}}
{{- end -}}
{{- end }}

{{/* "true" or empty. */}}
{{- define "elects" -}}
{{- if or .Values.leaderElection.enabled (gt (int .Values.replicas) 1) -}}true{{- end -}}
{{- end }}

{{/* The value of LEASE_NAME in env, or the release's name. */}}
{{- define "leaseName" -}}
{{- $name := .Release.Name -}}
{{- range .Values.env -}}{{- if and (eq .name "LEASE_NAME") .value -}}{{- $name = .value -}}{{- end -}}{{- end -}}
{{- $name -}}
{{- end }}

{{/* The value of MANAGED_BY in env, or the program's default; empty if it is not known here. */}}
{{- define "managedBy" -}}
{{- $mark := "secrets-distributor" -}}
{{- range .Values.env -}}{{- if eq .name "MANAGED_BY" -}}
{{- if .valueFrom -}}{{- $mark = "" -}}{{- else if .value -}}{{- $mark = .value -}}{{- end -}}
{{- if contains "$(" $mark -}}{{- $mark = "" -}}{{- end -}}
{{- end -}}{{- end -}}
{{- $mark -}}
{{- end }}

{{/* The port of LISTEN_ADDRESS in env, or the default. The kubelet's probes must reach it. */}}
{{- define "port" -}}
{{- $port := "9895" -}}
{{- range .Values.env -}}
{{- if eq .name "LISTEN_ADDRESS" -}}
{{- if not (regexMatch "^:[1-9][0-9]*$" (default "" .value)) -}}
{{- fail (printf "env LISTEN_ADDRESS is %q, expected a port on all addresses, such as \":9895\": the kubelet's probes must reach it" (default "" .value)) -}}
{{- end -}}
{{- $port = trimPrefix ":" .value -}}
{{- end -}}
{{- end -}}
{{- $port -}}
{{- end }}

{{/* Variables in env take precedence: the API server rejects a duplicate name. */}}
{{- define "env" -}}
{{- $own := dict "LOG_LEVEL" .Values.logLevel "LOG_FORMAT" .Values.logFormat -}}
{{- with .Values.rbac.namespaces -}}{{- $_ := set $own "WATCH_NAMESPACES" (join "," .) -}}{{- end -}}
{{- if .Values.dryRun -}}{{- $_ := set $own "DRY_RUN" "true" -}}{{- end -}}
{{- if .Values.policy -}}{{- $_ := set $own "POLICY_PATH" "/etc/secrets-distributor/policy.yaml" -}}{{- end -}}
{{- if include "elects" . -}}
{{- $_ := set $own "LEADER_ELECTION" "true" -}}
{{- $_ := set $own "LEASE_NAME" (include "leaseName" .) -}}
{{- end -}}
{{- $names := list -}}
{{- range .Values.env -}}{{- $_ := unset $own .name -}}{{- $names = append $names .name -}}{{- end -}}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if and (include "elects" .) (not (has "POD_UID" $names)) }}
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
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
