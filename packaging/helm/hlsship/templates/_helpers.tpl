{{- define "hlsship.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "hlsship.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hlsship.labels" -}}
{{ include "hlsship.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Both containers: nobody's user, nothing but the volume can be written. */ -}}
{{- define "hlsship.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* 75 % of the memory limit in bytes; nothing if there is none or it has a fraction: hlsship then looks for itself. */}}
{{- define "hlsship.memoryLimit" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString -}}
{{- $number := regexFind "^[0-9]+" $limit -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $unit := get $units (trimPrefix $number $limit) -}}
{{- if and $number $unit }}{{ div (mul $number $unit 3) 4 }}{{ end }}
{{- end }}
