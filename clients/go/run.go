package pointsman

import (
	"context"
	"time"

	"pointsman.dev/client-go/pointsmanv1"
)

// Run asks for several arms and tries them in order until one answers. It reports each try, and returns the last error
// if all fail. It stops when the context ends. FromContext(ctx).Usage records what a try consumed.
func (r *Router) Run(ctx context.Context, query string, work func(ctx context.Context, arm string) error,
	options ...CallOption) (*Call, error) {
	s := r.settings.call.with(options)
	call, err := r.begin(ctx, query, max(s.tries, 1), s)
	if err != nil {
		return nil, err
	}
	err = errPanicked
	defer func() { call.finish(err) }()
	for _, arm := range call.arms {
		if err = call.try(arm, work); err == nil || ctx.Err() != nil {
			break
		}
	}
	return call, err
}

// try makes one call and keeps it as an attempt, even if it panics.
func (c *Call) try(arm string, work func(context.Context, string) error) (err error) {
	c.mutex.Lock()
	c.Arm, c.usage, c.firstToken, c.begun = arm, Usage{}, 0, time.Now()
	c.mutex.Unlock()
	c.describeSpan()
	err = errPanicked
	defer func() { c.keepAttempt(arm, err) }()
	return work(c.ctx, arm)
}

func (c *Call) keepAttempt(arm string, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	attempt := &pointsmanv1.Attempt{
		Arm:       arm,
		LatencyMs: milliseconds(time.Since(c.begun)),
	}
	if err != nil {
		kind, retryAfter := outcomeOf(err)
		attempt.ErrorKind = kind
		attempt.RetryAfterMs = wholeMilliseconds(retryAfter)
	}
	spent := &pointsmanv1.FeedbackRequest{}
	c.usage.fill(spent)
	attempt.InputTokens, attempt.OutputTokens, attempt.CostUsd = spent.InputTokens, spent.OutputTokens, spent.CostUsd
	c.attempts = append(c.attempts, attempt)
}
