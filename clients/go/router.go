// Package pointsman asks the Pointsman routing service which arm should answer a query, and reports how that went.
//
// It never stands in the way: without an answer in time, a call gets the app's default arm. It never loses feedback:
// that is in a file before the app goes on, and a background goroutine sends it.
package pointsman

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"pointsman.dev/client-go/internal/outbox"
	"pointsman.dev/client-go/pointsmanv1"
)

// Version is the version of this package and of the server that it was made with.
const Version = "0.2.0"

const closeWithin = 2 * time.Second

// Status counts feedback: what waits in the outbox, and what was lost since New.
type Status struct {
	Waiting  int // not taken by the server yet
	Dropped  int // made room in a full outbox
	Rejected int // will never be taken by the server
}

// Router routes queries by one server. Its methods may be called by many goroutines.
type Router struct {
	settings   settings
	connection *grpc.ClientConn
	client     pointsmanv1.RouterClient
	box        *outbox.Box
	reports    *reporter
	sender     *sender
	stop       context.CancelFunc
	closing    sync.Once
}

// New makes a Router for the server at `address`, such as "127.0.0.1:7717". It does not wait for the server.
func New(address string, options ...Option) (*Router, error) {
	s := settings{
		call:      callSettings{deadline: 50 * time.Millisecond, tries: 3},
		outboxMax: 100_000,
		report:    logReport,
	}
	for _, option := range options {
		option.applyTo(&s)
	}
	if s.outbox == "" {
		path, err := defaultOutbox(address)
		if err != nil {
			return nil, err
		}
		s.outbox = path
	}
	box, err := outbox.Open(s.outbox, s.outboxMax)
	if err != nil {
		return nil, err
	}
	connection, err := dial(address, s)
	if err != nil {
		box.Close()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Router{
		settings:   s,
		connection: connection,
		client:     pointsmanv1.NewRouterClient(connection),
		box:        box,
		reports:    &reporter{tell: s.report},
		stop:       stop,
	}
	r.sender = newSender(r)
	go stayConnected(ctx, connection)
	go r.sender.run()
	return r, nil
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9.-]`)

// In the user's state folder, a file per server.
func defaultOutbox(address string) (string, error) {
	folder := os.Getenv("XDG_STATE_HOME")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("there is no folder for the outbox, name a file with WithOutbox: %w", err)
		}
		folder = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(folder, "pointsman", notInNames.ReplaceAllString(address, "_")+".go"), nil
}

// Rate says how good the answer of a decision was, from 0 to 1. It may come days after the call and from another
// process. It is on disk when Rate returns.
func (r *Router) Rate(decisionID string, quality float64, options ...CallOption) error {
	if err := checkQuality(quality); err != nil {
		return err
	}
	if decisionID == "" {
		return status.Error(codes.InvalidArgument, "the decision's id is empty")
	}
	s := r.settings.call.with(options)
	return r.keep(nil, &pointsmanv1.FeedbackRequest{Pool: s.pool, DecisionId: decisionID, Quality: &quality})
}

func checkQuality(quality float64) error {
	if math.IsNaN(quality) || quality < 0 || quality > 1 {
		return status.Errorf(codes.InvalidArgument, "quality must be from 0 to 1, got %v", quality)
	}
	return nil
}

// keep writes feedback to the outbox, with the Route that it needs, if any.
func (r *Router) keep(route *pointsmanv1.RouteRequest, feedback *pointsmanv1.FeedbackRequest) error {
	feedback.FeedbackId = randomID()
	feedback.AtUnixMs = time.Now().UnixMilli()
	if !utf8.ValidString(feedback.DecisionId) || !utf8.ValidString(feedback.Pool) {
		return status.Error(codes.InvalidArgument, "the decision's id or the pool is not valid UTF-8")
	}
	body, err := proto.Marshal(feedback)
	if err != nil {
		return err
	}
	var before []byte
	if route != nil {
		if before, err = proto.Marshal(route); err != nil {
			return err
		}
	}
	dropped, err := r.box.Add(before, body)
	if err != nil {
		r.reports.trouble(Report{Err: err})
		return err
	}
	r.reports.drop(dropped)
	return nil
}

// Status counts what all processes with this outbox have written up to now.
func (r *Router) Status() Status {
	counts, err := r.box.Status()
	if err != nil {
		r.reports.trouble(Report{Err: err})
	}
	return Status(counts)
}

// Flush waits until nothing waits in the outbox, or until the context ends. Then it returns the context's error.
func (r *Router) Flush(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		counts, err := r.box.Status()
		if err != nil || counts.Waiting == 0 {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close sends what it can within 2 s. What is left stays on disk for the next process.
func (r *Router) Close() error {
	var err error
	r.closing.Do(func() {
		r.sender.close(closeWithin)
		r.stop()
		r.box.Close()
		r.reports.close()
		err = r.connection.Close()
	})
	return err
}
