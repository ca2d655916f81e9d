// The driver plays the conformance cases: clients/README.md describes its protocol.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pointsman "pointsman.dev/client-go"
)

type command struct {
	Do         string    `json:"do"`
	Query      string    `json:"query"`
	As         string    `json:"as"`
	Ms         int       `json:"ms"`
	Fails      string    `json:"fails"`
	Usage      *usage    `json:"usage"`
	Preference []float64 `json:"preference"`
	FailFirst  int       `json:"fail_first"`
	Of         string    `json:"of"`
	DecisionID string    `json:"decision_id"`
	Quality    float64   `json:"quality"`
	WithinMs   int       `json:"within_ms"`
}

type usage struct {
	InputTokens  int64   `json:"input_tokens"`
	OutputTokens int64   `json:"output_tokens"`
	CostUSD      float64 `json:"cost_usd"`
}

type answer map[string]any

type driver struct {
	router *pointsman.Router
	calls  map[string]*pointsman.Call
}

func main() {
	if err := drive(); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

func drive() error {
	server := flag.String("server", "127.0.0.1:7717", "HOST:PORT of pointsmand")
	outbox := flag.String("outbox", "", "the file of feedback that waits")
	defaultArm := flag.String("default-arm", "", "answers if pointsmand does not")
	deadline := flag.Int("deadline-ms", 50, "how long a call waits for pointsmand")
	outboxMax := flag.Int("outbox-max", 100_000, "entries that the outbox holds")
	flag.Parse()
	router, err := pointsman.New(*server,
		pointsman.WithOutbox(*outbox),
		pointsman.WithOutboxMax(*outboxMax),
		pointsman.WithDefaultArm(*defaultArm),
		pointsman.WithDeadline(time.Duration(*deadline)*time.Millisecond),
		pointsman.WithReport(func(report pointsman.Report) { fmt.Fprintln(os.Stderr, report) }))
	if err != nil {
		return err
	}
	defer router.Close()
	d := &driver{router: router, calls: map[string]*pointsman.Call{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		reply, err := d.do(c)
		if err != nil {
			reply = answer{"error": codeName(err), "message": status.Convert(err).Message()}
		}
		if err := answers.Encode(reply); err != nil {
			return err
		}
		if c.Do == "close" {
			return nil
		}
	}
	return lines.Err()
}

func (d *driver) do(c command) (answer, error) {
	switch c.Do {
	case "call":
		return d.call(c)
	case "run":
		return d.run(c)
	case "rate":
		call := d.calls[c.Of]
		if call == nil {
			return nil, status.Errorf(codes.NotFound, "no call has the name %q", c.Of)
		}
		return answer{}, call.Rate(c.Quality)
	case "rate_id":
		return answer{}, d.router.Rate(c.DecisionID, c.Quality)
	case "flush":
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.WithinMs)*time.Millisecond)
		defer cancel()
		if err := d.router.Flush(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		return d.status(), nil
	case "status":
		return d.status(), nil
	case "close":
		return answer{}, d.router.Close()
	}
	return nil, status.Errorf(codes.InvalidArgument, "there is no command %q", c.Do)
}

func (d *driver) status() answer {
	s := d.router.Status()
	return answer{"waiting": s.Waiting, "dropped": s.Dropped, "rejected": s.Rejected}
}

func (d *driver) call(c command) (answer, error) {
	var options []pointsman.CallOption
	if len(c.Preference) == 3 {
		options = append(options, pointsman.WithPreference(c.Preference[0], c.Preference[1], c.Preference[2]))
	}
	began := time.Now()
	var waited time.Duration
	call, err := d.router.Call(context.Background(), c.Query, func(_ context.Context, call *pointsman.Call) error {
		waited = time.Since(began)
		time.Sleep(time.Duration(c.Ms) * time.Millisecond)
		if c.Usage != nil {
			call.Usage(pointsman.Usage{
				InputTokens:  c.Usage.InputTokens,
				OutputTokens: c.Usage.OutputTokens,
				CostUSD:      c.Usage.CostUSD,
			})
		}
		return failure(c.Fails)
	}, options...)
	if call == nil {
		return nil, err
	}
	d.calls[c.As] = call
	reply := answer{
		"arm":         call.Arm,
		"decision_id": call.DecisionID,
		"source":      call.Source,
		"propensity":  call.Propensity,
		"waited_ms":   float64(waited) / float64(time.Millisecond),
	}
	if err != nil {
		reply["raised"] = true
	}
	return reply, nil
}

func (d *driver) run(c command) (answer, error) {
	tries := []string{}
	call, err := d.router.Run(context.Background(), c.Query, func(_ context.Context, arm string) error {
		tries = append(tries, arm)
		if len(tries) <= c.FailFirst {
			return failure("error")
		}
		return nil
	})
	if call == nil {
		return nil, err
	}
	reply := answer{"arm": call.Arm, "decision_id": call.DecisionID, "tries": tries}
	if err != nil {
		reply["raised"] = true
	}
	return reply, nil
}

func failure(kind string) error {
	switch kind {
	case "":
		return nil
	case "timeout":
		return context.DeadlineExceeded
	case "cancelled":
		return context.Canceled
	case "rate_limited":
		return pointsman.StatusError{Status: 429, RetryAfter: 2 * time.Second, Err: errors.New("too many requests")}
	case "bad_request":
		return pointsman.StatusError{Status: 400, Err: errors.New("bad request")}
	}
	return errors.New("the arm failed")
}

// codeName is a code as gRPC's documents write it; Go's own names differ.
func codeName(err error) string {
	return code.Code(status.Code(err)).String()
}
