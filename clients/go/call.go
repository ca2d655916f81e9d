package pointsman

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"pointsman.dev/client-go/pointsmanv1"
)

// Source says who chose the arm of a call.
type Source string

const (
	FromServer  Source = "server"
	FromDefault Source = "default" // the server did not answer
)

// Usage is what a call consumed. What is 0 is not known. The server then takes the cost from the prices of the arm.
type Usage struct {
	InputTokens       int64 // all of them, cached ones included
	CachedInputTokens int64
	OutputTokens      int64
	CostUSD           float64
}

// Call is one query and the arm that answers it. Its methods may be called by many goroutines.
type Call struct {
	Arm        string
	DecisionID string
	Propensity float64 // 0 for the default arm: nothing was drawn
	Source     Source

	router *Router
	ctx    context.Context
	span   trace.Span
	pool   string
	arms   []string                  // to be tried, in order
	route  *pointsmanv1.RouteRequest // what the sender has to send first; nil if the server made the decision

	mutex      sync.Mutex
	begun      time.Time
	ended      bool
	usage      Usage
	firstToken time.Duration
	attempts   []*pointsmanv1.Attempt // of Run
}

var errPanicked = errors.New("the app's function did not return")

// Call routes the query, lets `work` call the arm, and reports how long that took. An error of `work` is reported as a
// failure and returned. The Call is nil only if there was no arm to call.
func (r *Router) Call(ctx context.Context, query string, work func(context.Context, *Call) error,
	options ...CallOption) (*Call, error) {
	call, err := r.Begin(ctx, query, options...)
	if err != nil {
		return nil, err
	}
	err = errPanicked
	defer func() { call.finish(err) }()
	err = work(call.Context(), call)
	return call, err
}

// Begin routes the query. The app then calls the arm, and reports it by End or Fail. The time in between is the arm's.
func (r *Router) Begin(ctx context.Context, query string, options ...CallOption) (*Call, error) {
	return r.begin(ctx, query, 0, r.settings.call.with(options))
}

func (r *Router) begin(ctx context.Context, query string, arms int, s callSettings) (*Call, error) {
	request := &pointsmanv1.RouteRequest{Pool: s.pool, Query: query, ArmCount: uint32(arms)}
	for _, change := range s.requests {
		change(request)
	}
	if request.DecisionId == "" {
		request.DecisionId = randomID()
	}
	if !utf8.ValidString(request.Query) {
		return nil, status.Error(codes.InvalidArgument, "the query is not valid UTF-8")
	}
	call := &Call{router: r, pool: request.Pool, DecisionID: request.DecisionId}
	call.ctx, call.span = startSpan(ctx)
	if err := call.choose(request, s); err != nil {
		endSpan(call.span, err)
		return nil, err
	}
	call.ctx = context.WithValue(call.ctx, callKey{}, call)
	call.Arm = call.arms[0]
	call.describeSpan()
	call.begun = time.Now()
	return call, nil
}

func (c *Call) choose(request *pointsmanv1.RouteRequest, s callSettings) error {
	ctx, cancel := context.WithTimeout(c.ctx, s.deadline)
	defer cancel()
	response, err := c.router.client.Route(c.router.outgoing(ctx), request)
	if err == nil {
		c.Source, c.Propensity = FromServer, response.Propensity
		c.arms = []string{response.Arm}
		for _, further := range response.Further {
			c.arms = append(c.arms, further.Arm)
		}
		return nil
	}
	if c.ctx.Err() != nil {
		return c.ctx.Err() // the app itself gave up
	}
	if s.defaultArm == "" || !temporary(status.Code(err)) {
		return err
	}
	c.Source, c.arms = FromDefault, []string{s.defaultArm}
	c.route = proto.Clone(request).(*pointsmanv1.RouteRequest)
	return nil
}

type callKey struct{}

// FromContext gives the call that the context belongs to, or nil.
func FromContext(ctx context.Context) *Call {
	call, _ := ctx.Value(callKey{}).(*Call)
	return call
}

// Context is the context of the call's span.
func (c *Call) Context() context.Context { return c.ctx }

// Usage records what the call consumed. It may come after End too.
func (c *Call) Usage(usage Usage) {
	c.mutex.Lock()
	ended := c.ended
	c.usage = usage
	c.mutex.Unlock()
	if ended {
		feedback := &pointsmanv1.FeedbackRequest{}
		usage.fill(feedback)
		c.send(feedback)
	}
}

// FirstToken marks the time when the answer began to arrive. Only the first time counts.
func (c *Call) FirstToken() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.firstToken == 0 {
		c.firstToken = time.Since(c.begun)
	}
}

// End reports that the arm answered. Its feedback is on disk when End returns. What comes after the first End or Fail
// is ignored.
func (c *Call) End() { c.finish(nil) }

// Fail reports that the arm did not answer, and why.
func (c *Call) Fail(err error) {
	if err == nil {
		err = errors.New("the call failed")
	}
	c.finish(err)
}

// Rate says how good the answer was, from 0 to 1. It is on disk when Rate returns.
func (c *Call) Rate(quality float64) error {
	if err := checkQuality(quality); err != nil {
		return err
	}
	return c.send(&pointsmanv1.FeedbackRequest{Quality: &quality})
}

func (c *Call) finish(err error) {
	c.mutex.Lock()
	if c.ended {
		c.mutex.Unlock()
		return
	}
	c.ended = true
	feedback := &pointsmanv1.FeedbackRequest{Attempts: c.attempts}
	if c.attempts == nil {
		feedback.LatencyMs = milliseconds(time.Since(c.begun))
		if err != nil {
			kind, retryAfter := outcomeOf(err)
			feedback.ErrorKind = &kind
			feedback.RetryAfterMs = wholeMilliseconds(retryAfter)
		}
	}
	if c.firstToken > 0 {
		feedback.FirstTokenMs = milliseconds(c.firstToken)
	}
	c.usage.fill(feedback)
	c.mutex.Unlock()
	c.send(feedback)
	endSpan(c.span, err)
}

// send keeps feedback. Its errors are reported by keep: a full disk is no reason to fail the app's call.
func (c *Call) send(feedback *pointsmanv1.FeedbackRequest) error {
	feedback.Pool, feedback.DecisionId = c.pool, c.DecisionID
	if c.Source == FromDefault {
		feedback.ServedArm = c.Arm
	}
	return c.router.keep(c.route, feedback)
}

func (u Usage) fill(feedback *pointsmanv1.FeedbackRequest) {
	feedback.InputTokens = known(u.InputTokens)
	feedback.CachedInputTokens = known(u.CachedInputTokens)
	feedback.OutputTokens = known(u.OutputTokens)
	if u.CostUSD > 0 && !math.IsInf(u.CostUSD, 0) {
		feedback.CostUsd = &u.CostUSD
	}
}

func known(count int64) *int64 {
	if count <= 0 {
		return nil
	}
	return &count
}

func milliseconds(d time.Duration) *float64 {
	ms := float64(d) / float64(time.Millisecond)
	return &ms
}

func wholeMilliseconds(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	ms := d.Milliseconds()
	return &ms
}

func randomID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err) // no system that Go runs on is without random numbers
	}
	return hex.EncodeToString(id[:])
}
