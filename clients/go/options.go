package pointsman

import (
	"time"

	"google.golang.org/grpc/credentials"

	"pointsman.dev/client-go/pointsmanv1"
)

// Option is an option of New.
type Option interface{ applyTo(*settings) }

// CallOption is an option of one call. Every CallOption may be given to New too: then it holds for all calls.
type CallOption func(*callSettings)

type settings struct {
	call        callSettings
	token       string
	credentials credentials.TransportCredentials
	outbox      string
	outboxMax   int
	report      func(Report)
}

type callSettings struct {
	pool       string
	defaultArm string
	deadline   time.Duration
	tries      int
	requests   []func(*pointsmanv1.RouteRequest)
}

func (o CallOption) applyTo(s *settings) { o(&s.call) }

type routerOption func(*settings)

func (o routerOption) applyTo(s *settings) { o(s) }

func (s callSettings) with(options []CallOption) callSettings {
	s.requests = s.requests[:len(s.requests):len(s.requests)] // so that calls do not write into each other's
	for _, option := range options {
		option(&s)
	}
	return s
}

// WithPool names the pool of arms. Without it, this is "default".
func WithPool(pool string) CallOption {
	return func(s *callSettings) { s.pool = pool }
}

// WithDefaultArm names the arm that a call gets when the server does not answer. Choose an arm of the pool: nothing is
// learned of others. Without a default arm such a call ends with an error.
func WithDefaultArm(arm string) CallOption {
	return func(s *callSettings) { s.defaultArm = arm }
}

// WithDeadline bounds how long a call waits for the server. Without it, this is 50 ms.
func WithDeadline(deadline time.Duration) CallOption {
	return func(s *callSettings) { s.deadline = deadline }
}

// WithPreference weighs quality, cost and latency. Only the ratios matter. Without it, the pool's preference holds.
func WithPreference(quality, cost, latency float64) CallOption {
	return WithRequest(func(request *pointsmanv1.RouteRequest) {
		request.Preference = &pointsmanv1.Preference{Quality: quality, Cost: cost, Latency: latency}
	})
}

// WithConstraints limits which arms may be chosen.
func WithConstraints(constraints *pointsmanv1.Constraints) CallOption {
	return WithRequest(func(request *pointsmanv1.RouteRequest) { request.Constraints = constraints })
}

// WithTries is the number of arms that Run asks for. Without it, this is 3.
func WithTries(tries int) CallOption {
	return func(s *callSettings) { s.tries = tries }
}

// WithRequest changes the request in any other way, such as its features or an id of the app's own.
func WithRequest(change func(*pointsmanv1.RouteRequest)) CallOption {
	return func(s *callSettings) { s.requests = append(s.requests, change) }
}

// WithToken sends this token with each call. It needs transport credentials, unless the server is on this machine.
func WithToken(token string) Option {
	return routerOption(func(s *settings) { s.token = token })
}

// WithTransportCredentials says how to secure the connection. Without it, the connection is plain.
func WithTransportCredentials(secure credentials.TransportCredentials) Option {
	return routerOption(func(s *settings) { s.credentials = secure })
}

// WithOutbox names the file that keeps feedback until the server has it. Two more files lie next to it. Processes that
// share it must call the same server with the same rights. Without it, it is in the user's state folder and named after
// the server.
func WithOutbox(path string) Option {
	return routerOption(func(s *settings) { s.outbox = path })
}

// WithOutboxMax bounds the outbox. When it is full, the oldest feedback is dropped. Without it, this is 100,000.
func WithOutboxMax(entries int) Option {
	return routerOption(func(s *settings) { s.outboxMax = entries })
}

// WithReport is told what the app's owner should know, such as feedback that was lost. It must not block. Without it,
// package log/slog writes a warning.
func WithReport(report func(Report)) Option {
	return routerOption(func(s *settings) { s.report = report })
}
