package pointsman

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pointsman.dev/client-go/pointsmanv1"
)

// StatusError gives an error the HTTP status that came with it, for clients whose errors do not say it in a way that
// this package understands.
type StatusError struct {
	Status     int
	RetryAfter time.Duration // from the header Retry-After; 0: not known
	Err        error
}

func (e StatusError) Error() string {
	if e.Err == nil {
		return "HTTP status " + strconv.Itoa(e.Status)
	}
	return e.Err.Error()
}

func (e StatusError) Unwrap() error   { return e.Err }
func (e StatusError) StatusCode() int { return e.Status }

// outcomeOf says what an error of the app's call means for the arm.
func outcomeOf(err error) (kind pointsmanv1.ErrorKind, retryAfter time.Duration) {
	code, retryAfter := httpStatus(err)
	switch {
	case code == http.StatusTooManyRequests:
		return pointsmanv1.ErrorKind_RATE_LIMITED, retryAfter
	case code >= 400 && code <= 499 && code != http.StatusRequestTimeout:
		return pointsmanv1.ErrorKind_CALLER, 0
	case errors.Is(err, context.Canceled) || grpcCode(err) == codes.Canceled:
		return pointsmanv1.ErrorKind_CANCELLED, 0
	case isTimeout(err):
		return pointsmanv1.ErrorKind_TIMEOUT, 0
	}
	return pointsmanv1.ErrorKind_PROVIDER, 0
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout() || grpcCode(err) == codes.DeadlineExceeded
}

// grpcCode is the code of an arm that is called by gRPC.
func grpcCode(err error) codes.Code {
	var coded interface{ GRPCStatus() *status.Status }
	if errors.As(err, &coded) {
		return coded.GRPCStatus().Code()
	}
	return codes.OK
}

// httpStatus finds the HTTP status of an error; 0: it has none.
func httpStatus(err error) (code int, retryAfter time.Duration) {
	var own StatusError
	if errors.As(err, &own) {
		return own.Status, own.RetryAfter
	}
	var ownPointer *StatusError
	if errors.As(err, &ownPointer) {
		return ownPointer.Status, ownPointer.RetryAfter
	}
	var coded interface{ StatusCode() int }
	if errors.As(err, &coded) {
		var later interface{ RetryAfter() time.Duration }
		if errors.As(err, &later) {
			retryAfter = later.RetryAfter()
		}
		return coded.StatusCode(), retryAfter
	}
	return statusField(err)
}

// statusField finds the status in a field, where the official OpenAI and Anthropic packages and others have it.
func statusField(err error) (code int, retryAfter time.Duration) {
	for ; err != nil; err = errors.Unwrap(err) {
		value := reflect.Indirect(reflect.ValueOf(err))
		if value.Kind() != reflect.Struct {
			continue
		}
		for _, name := range []string{"StatusCode", "HTTPStatusCode"} {
			if field := fieldOf(value, name); field.IsValid() && field.CanInt() && field.Int() >= 100 {
				code = int(field.Int())
			}
		}
		if code == 0 {
			continue
		}
		if field := fieldOf(value, "Response"); field.IsValid() && field.CanInterface() {
			if response, ok := field.Interface().(*http.Response); ok && response != nil {
				retryAfter = parseRetryAfter(response.Header.Get("Retry-After"), time.Now())
			}
		}
		return code, retryAfter
	}
	return 0, 0
}

// fieldOf is as FieldByName, which panics if the field is in an embedded nil.
func fieldOf(value reflect.Value, name string) reflect.Value {
	if at, there := value.Type().FieldByName(name); there {
		if field, err := value.FieldByIndexErr(at.Index); err == nil {
			return field
		}
	}
	return reflect.Value{}
}

// parseRetryAfter reads the header in both of its forms; 0: it says nothing.
func parseRetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(header), 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
