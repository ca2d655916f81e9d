package pointsman

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pointsman.dev/client-go/pointsmanv1"
)

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

type methodError struct{ code int }

func (e methodError) Error() string             { return "a provider's error" }
func (e methodError) StatusCode() int           { return e.code }
func (e methodError) RetryAfter() time.Duration { return 4 * time.Second }

// fieldError is made as those of the official OpenAI and Anthropic packages.
type fieldError struct {
	StatusCode int
	Response   *http.Response
}

func (e *fieldError) Error() string { return "an API error" }

type embedded struct{ StatusCode int }
type nilInside struct{ *embedded }

func (nilInside) Error() string { return "nothing inside" }

func TestErrorsOfTheAppAreOutcomes(t *testing.T) {
	limited := &http.Response{Header: http.Header{"Retry-After": {"7"}}}
	for _, c := range []struct {
		name       string
		err        error
		kind       pointsmanv1.ErrorKind
		retryAfter time.Duration
	}{
		{"any", errors.New("broken"), pointsmanv1.ErrorKind_PROVIDER, 0},
		{"context deadline", fmt.Errorf("call: %w", context.DeadlineExceeded), pointsmanv1.ErrorKind_TIMEOUT, 0},
		{"os deadline", os.ErrDeadlineExceeded, pointsmanv1.ErrorKind_TIMEOUT, 0},
		{"net timeout", &url.Error{Op: "Post", Err: timeoutError{}}, pointsmanv1.ErrorKind_TIMEOUT, 0},
		{"gRPC deadline", status.Error(codes.DeadlineExceeded, ""), pointsmanv1.ErrorKind_TIMEOUT, 0},
		{"cancelled", fmt.Errorf("call: %w", context.Canceled), pointsmanv1.ErrorKind_CANCELLED, 0},
		{"gRPC cancelled", status.Error(codes.Canceled, ""), pointsmanv1.ErrorKind_CANCELLED, 0},
		{"gRPC unavailable", status.Error(codes.Unavailable, ""), pointsmanv1.ErrorKind_PROVIDER, 0},
		{"429", StatusError{Status: 429, RetryAfter: 2 * time.Second}, pointsmanv1.ErrorKind_RATE_LIMITED, 2 * time.Second},
		{"429 by pointer", fmt.Errorf("x: %w", &StatusError{Status: 429}), pointsmanv1.ErrorKind_RATE_LIMITED, 0},
		{"429 by a method", fmt.Errorf("x: %w", methodError{429}), pointsmanv1.ErrorKind_RATE_LIMITED, 4 * time.Second},
		{"429 in a field", fmt.Errorf("x: %w", &fieldError{429, limited}), pointsmanv1.ErrorKind_RATE_LIMITED, 7 * time.Second},
		{"400", StatusError{Status: 400}, pointsmanv1.ErrorKind_CALLER, 0},
		{"401 by a method", methodError{401}, pointsmanv1.ErrorKind_CALLER, 0},
		{"422 in a field", &fieldError{StatusCode: 422}, pointsmanv1.ErrorKind_CALLER, 0},
		{"499", StatusError{Status: 499}, pointsmanv1.ErrorKind_CALLER, 0},
		{"408", StatusError{Status: 408}, pointsmanv1.ErrorKind_PROVIDER, 0},
		{"500", methodError{500}, pointsmanv1.ErrorKind_PROVIDER, 0},
		{"503 in a field", &fieldError{StatusCode: 503}, pointsmanv1.ErrorKind_PROVIDER, 0},
		{"no status", StatusError{Err: context.Canceled}, pointsmanv1.ErrorKind_CANCELLED, 0},
		{"a nil inside", nilInside{}, pointsmanv1.ErrorKind_PROVIDER, 0},
	} {
		if kind, retryAfter := outcomeOf(c.err); kind != c.kind || retryAfter != c.retryAfter {
			t.Errorf("%s: got %v, %v, expected %v, %v", c.name, kind, retryAfter, c.kind, c.retryAfter)
		}
	}
}

func TestRetryAfterHasTwoForms(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, expected := range map[string]time.Duration{
		"2": 2 * time.Second, "1.5": 1500 * time.Millisecond, "": 0, "soon": 0, "-3": 0,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
	} {
		if got := parseRetryAfter(header, now); got != expected {
			t.Errorf("%q: got %v, expected %v", header, got, expected)
		}
	}
}
