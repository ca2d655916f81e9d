package pointsman

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"pointsman.dev/client-go/pointsmanv1"
)

func TestACallReportsItsTimeAndUsage(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address, WithPool("shop"), WithPreference(1, 2, 3))
	call, err := router.Call(context.Background(), "a question", func(ctx context.Context, call *Call) error {
		if FromContext(ctx) != call {
			t.Error("the context must have the call")
		}
		time.Sleep(5 * time.Millisecond)
		call.FirstToken()
		time.Sleep(5 * time.Millisecond)
		call.Usage(Usage{InputTokens: 12, CachedInputTokens: 2, OutputTokens: 34, CostUSD: 0.5})
		return nil
	})
	if err != nil || call.Arm != "one" || call.Source != FromServer || call.Propensity != 0.5 || len(call.DecisionID) != 32 {
		t.Fatalf("got %+v, %v", call, err)
	}
	if err := call.Rate(0.75); err != nil {
		t.Fatal(err)
	}
	flush(t, router)
	if len(fake.routes) != 1 || fake.routes[0].Pool != "shop" || fake.routes[0].GetPreference().Latency != 3 ||
		fake.routes[0].DecisionId != call.DecisionID {
		t.Fatalf("routed %v", fake.routes)
	}
	f := fake.taken[0]
	if f.Pool != "shop" || f.DecisionId != call.DecisionID || len(f.FeedbackId) != 32 || f.GetInputTokens() != 12 ||
		f.GetCachedInputTokens() != 2 || f.GetOutputTokens() != 34 || f.GetCostUsd() != 0.5 || f.ServedArm != "" ||
		f.GetFirstTokenMs() < 5 || f.GetLatencyMs() < f.GetFirstTokenMs()+5 || f.ErrorKind != nil || f.AtUnixMs == 0 {
		t.Fatalf("reported %v", f)
	}
	if f := fake.taken[1]; f.GetQuality() != 0.75 || f.LatencyMs != nil || f.Pool != "shop" {
		t.Fatalf("rated %v", f)
	}
}

func TestAFailureIsReportedAndRaised(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	broken := StatusError{Status: 429, RetryAfter: 2 * time.Second, Err: errors.New("slow down")}
	call, err := router.Call(context.Background(), "q", func(context.Context, *Call) error { return broken })
	if !errors.Is(err, broken.Err) || call == nil {
		t.Fatalf("got %v, %v", call, err)
	}
	func() {
		defer func() { recover() }()
		router.Call(context.Background(), "q", func(context.Context, *Call) error { panic("oh") })
	}()
	begun, err := router.Begin(context.Background(), "q")
	if err != nil {
		t.Fatal(err)
	}
	begun.Fail(context.Canceled)
	begun.End() // too late
	flush(t, router)
	if f := fake.taken[0]; f.GetErrorKind() != pointsmanv1.ErrorKind_RATE_LIMITED || f.GetRetryAfterMs() != 2000 {
		t.Fatalf("reported %v", f)
	}
	if f := fake.taken[1]; f.GetErrorKind() != pointsmanv1.ErrorKind_PROVIDER {
		t.Fatalf("a panic was reported as %v", f)
	}
	if f := fake.taken[2]; f.GetErrorKind() != pointsmanv1.ErrorKind_CANCELLED || len(fake.taken) != 3 {
		t.Fatalf("reported %v", fake.taken)
	}
}

func TestRunTriesArmsInOrderAndReportsEachOnce(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	call, err := router.Run(context.Background(), "q", func(ctx context.Context, arm string) error {
		if arm == "one" {
			return context.DeadlineExceeded
		}
		FromContext(ctx).Usage(Usage{OutputTokens: 9})
		return nil
	})
	if err != nil || call.Arm != "two" {
		t.Fatalf("got %v, %v", call, err)
	}
	flush(t, router)
	tries := fake.taken[0].Attempts
	if len(tries) != 2 || tries[0].Arm != "one" || tries[0].ErrorKind != pointsmanv1.ErrorKind_TIMEOUT ||
		tries[0].LatencyMs == nil || tries[0].OutputTokens != nil || tries[1].Arm != "two" ||
		tries[1].ErrorKind != pointsmanv1.ErrorKind_ERROR_KIND_UNSPECIFIED || tries[1].GetOutputTokens() != 9 {
		t.Fatalf("reported %v", tries)
	}
	last := errors.New("three is broken too")
	_, err = router.Run(context.Background(), "q", func(_ context.Context, arm string) error {
		if arm == "three" {
			return last
		}
		return errors.New("broken")
	})
	if err != last {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	tried := 0
	if _, err := router.Run(ctx, "q", func(context.Context, string) error {
		tried++
		cancel()
		return ctx.Err()
	}); err != context.Canceled || tried != 1 {
		t.Fatalf("after %d tries: %v", tried, err)
	}
	flush(t, router)
	if len(fake.taken[1].Attempts) != 3 || len(fake.taken[2].Attempts) != 1 || len(fake.taken) != 3 {
		t.Fatalf("reported %v", fake.taken)
	}
}

func TestOnlyErrorsThatMayPassGiveTheDefaultArm(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		fake.change(func() { fake.onRoute = func(*pointsmanv1.RouteRequest) error { return status.Error(code, "no") } })
		call, err := router.Call(context.Background(), "q", nothing, WithDefaultArm("safe"))
		switch code {
		case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled, codes.Internal,
			codes.Unknown, codes.DataLoss, codes.Aborted:
			if err != nil || call.Arm != "safe" || call.Source != FromDefault || call.Propensity != 0 {
				t.Errorf("%v: got %v, %v", code, call, err)
			}
		default:
			if status.Code(err) != code || call != nil {
				t.Errorf("%v: got %v, %v", code, call, err)
			}
		}
		if call, err := router.Call(context.Background(), "q", nothing); status.Code(err) != code || call != nil {
			t.Errorf("%v without a default arm: got %v, %v", code, call, err)
		}
	}
}

func TestAServerThatAcceptsAndSaysNothingIsLeftWithinTheDeadline(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	router := newRouter(t, listener.Addr().String(), WithDefaultArm("safe"), WithDeadline(50*time.Millisecond))
	begun := time.Now()
	call, err := router.Call(context.Background(), "q", nothing)
	if took := time.Since(begun); err != nil || call.Source != FromDefault || took > time.Second {
		t.Fatalf("got %v, %v after %v", call, err, took)
	}
}

func TestAnAppThatGivesUpGetsItsOwnError(t *testing.T) {
	router := newRouter(t, goneAddress(t), WithDefaultArm("safe"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if call, err := router.Call(ctx, "q", nothing); err != context.Canceled || call != nil {
		t.Fatalf("got %v, %v", call, err)
	}
}

func TestWhatCanNeverBeSentIsRefusedAtOnce(t *testing.T) {
	router := newRouter(t, goneAddress(t), WithDefaultArm("safe"))
	_, byCall := router.Call(context.Background(), "\xff", nothing)
	for _, err := range []error{byCall, router.Rate("id", 1.5), router.Rate("", 1), router.Rate("\xff", 1)} {
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("got %v", err)
		}
	}
	if got := router.Status(); got.Waiting != 0 {
		t.Fatalf("got %+v", got)
	}
}

func TestTheTokenGoesAlongAndTheAppsOwnMetadataDoesNot(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address, WithToken("secret"))
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "the app's", "cookie", "x")
	if _, err := router.Call(ctx, "q", nothing); err != nil {
		t.Fatal(err)
	}
	if got := fake.metadata.Get("authorization"); len(got) != 1 || got[0] != "Bearer secret" || len(fake.metadata.Get("cookie")) != 0 {
		t.Fatalf("got %v", fake.metadata)
	}
	if _, err := New("router.example.org:7717", WithToken("secret"), WithOutbox(t.TempDir()+"/outbox")); err == nil {
		t.Fatal("a token must not be sent in the clear")
	}
}

func TestAddressesOfThisMachine(t *testing.T) {
	for address, expected := range map[string]bool{
		"127.0.0.1:7717": true, "127.9.9.9:1": true, "localhost:7717": true, "[::1]:7717": true, "unix:/run/p": true,
		"dns:///localhost:1": true, "router.example.org:7717": false, "10.0.0.1:7717": false, "localhost.example.org:1": false,
	} {
		if got := onThisMachine(address); got != expected {
			t.Errorf("%s: got %v", address, got)
		}
	}
}
