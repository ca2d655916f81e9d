#!/bin/sh
# Makes the stubs again after a change of proto/. It needs protoc; the versions of the plugins are pinned here.
set -eu
cd "$(dirname "$0")"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
GOBIN=$tools go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.5
GOBIN=$tools go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1
PATH=$tools:$PATH protoc -I ../../proto \
  --go_out=. --go_opt=module=pointsman.dev/client-go \
  --go_opt=Mpointsman/v1/router.proto=pointsman.dev/client-go/pointsmanv1 \
  --go-grpc_out=. --go-grpc_opt=module=pointsman.dev/client-go \
  --go-grpc_opt=Mpointsman/v1/router.proto=pointsman.dev/client-go/pointsmanv1 \
  pointsman/v1/router.proto
