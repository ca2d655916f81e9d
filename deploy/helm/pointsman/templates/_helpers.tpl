{{- define "pointsman.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains "pointsman" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-pointsman" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.selector" -}}
app.kubernetes.io/name: pointsman
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pointsman.labels" -}}
{{ include "pointsman.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* pointsmand.yaml: what the values say, and on top of it what the chart itself decides. */}}
{{- define "pointsman.config" -}}
{{- $fixed := dict "data_dir" "/var/lib/pointsman" "listen" "0.0.0.0:7717" "http_listen" "0.0.0.0:7719"
      "admin_listen" "0.0.0.0:7718" "admin_insecure" true -}}
{{- if .Values.insecure -}}
{{- $_ := set $fixed "insecure" true -}}
{{- else -}}
{{- $_ := set $fixed "tls" (dict "certificate_file" "/etc/pointsman-tls/tls.crt" "key_file" "/etc/pointsman-tls/tls.key") -}}
{{- $_ := set $fixed "tokens_file" "/etc/pointsman-tokens/tokens.yaml" -}}
{{- end -}}
{{- range $key := keys $fixed | sortAlpha -}}
{{- if hasKey $.Values.config $key -}}
{{- fail (printf "config.%s is set by the chart; remove it from the values" $key) -}}
{{- end -}}
{{- end -}}
{{- toYaml (merge $fixed (deepCopy .Values.config)) -}}
{{- end -}}

{{- define "pointsman.grpcProtocol" -}}
{{- if .Values.insecure }}kubernetes.io/h2c{{ else }}https{{ end -}}
{{- end -}}

{{- define "pointsman.httpProtocol" -}}
{{- if .Values.insecure }}http{{ else }}https{{ end -}}
{{- end -}}
