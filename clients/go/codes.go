package pointsman

import "google.golang.org/grpc/codes"

// temporary says that the server did not answer, or not as it should: the same request may succeed later. Any other
// code says that the request or a setting is wrong.
func temporary(code codes.Code) bool {
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled, codes.Internal,
		codes.Unknown, codes.DataLoss, codes.Aborted:
		return true
	}
	return false
}

// mendable says that an operator can make the same feedback succeed.
func mendable(code codes.Code) bool {
	return temporary(code) || code == codes.Unauthenticated || code == codes.PermissionDenied
}
