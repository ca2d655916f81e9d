package pointsman

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pointsman.dev/client-go/pointsmanv1"
)

func TestFeedbackIsSentSoonAndInBatches(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	var group sync.WaitGroup
	for i := 0; i < 200; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			if err := router.Rate(fmt.Sprint("decision", i), 1); err != nil {
				t.Error(err)
			}
		}(i)
	}
	group.Wait()
	flush(t, router)
	if len(fake.taken) != 200 || len(fake.batches) > 20 {
		t.Fatalf("%d were sent in batches of %v", len(fake.taken), fake.batches)
	}
	for _, size := range fake.batches {
		if size > 64 {
			t.Fatalf("a batch of %d", size)
		}
	}
}

func TestTheRouteOfADefaultArmsCallIsSentOnceAndFirst(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address, WithDefaultArm("safe"))
	fake.change(func() {
		fake.onRoute = func(*pointsmanv1.RouteRequest) error { return status.Error(codes.Unavailable, "away") }
		fake.onItem = func(f *pointsmanv1.FeedbackRequest) codes.Code {
			for _, route := range fake.late {
				if route.DecisionId == f.DecisionId {
					return codes.OK
				}
			}
			return codes.NotFound
		}
		failures := 2
		fake.onLate = func(*pointsmanv1.RouteRequest) codes.Code {
			if failures--; failures >= 0 {
				return codes.ResourceExhausted
			}
			return codes.OK
		}
	})
	call, err := router.Call(context.Background(), "q", nothing, WithPreference(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)                          // until the Route is sent and waits for its next time
	if err := router.Rate(call.DecisionID, 0.25); err != nil { // has no Route with it, and must not overtake
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // this one has it again, and must not be in the same batch
	if err := call.Rate(0.5); err != nil {
		t.Fatal(err)
	}
	flush(t, router)
	if got := router.Status(); got != (Status{}) || len(fake.late) < 1 || fake.late[0].Query != "q" ||
		fake.late[0].GetPreference().Quality != 1 {
		t.Fatalf("got %+v, routed late %v", got, fake.late)
	}
	if len(fake.taken) != 3 || fake.taken[0].ServedArm != "safe" || fake.taken[1].GetQuality() != 0.25 ||
		fake.taken[2].ServedArm != "safe" {
		t.Fatalf("got %v", fake.taken)
	}
}

func TestARouteThatIsRefusedTakesItsFeedbackWithIt(t *testing.T) {
	fake := startFake(t)
	reports := make(chan Report, 10)
	router := newRouter(t, fake.address, WithDefaultArm("safe"), WithReport(func(r Report) { reports <- r }))
	fake.change(func() {
		fake.onRoute = func(*pointsmanv1.RouteRequest) error { return status.Error(codes.Unavailable, "away") }
		fake.onLate = func(*pointsmanv1.RouteRequest) codes.Code { return codes.NotFound }
	})
	call, err := router.Call(context.Background(), "q", nothing)
	if err != nil {
		t.Fatal(err)
	}
	flush(t, router)
	if got := router.Status(); got.Rejected != 1 || len(fake.taken) != 0 {
		t.Fatalf("got %+v, %v", got, fake.taken)
	}
	if report := <-reports; report.Rejected != 1 || report.DecisionID != call.DecisionID {
		t.Fatalf("reported %v", report)
	}
}

func TestOneThatIsRefusedForNowBlocksNoOthers(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	fake.change(func() {
		fake.onItem = func(f *pointsmanv1.FeedbackRequest) codes.Code {
			switch f.DecisionId {
			case "forbidden":
				return codes.PermissionDenied
			case "unknown":
				return codes.NotFound
			}
			return codes.OK
		}
	})
	for _, id := range []string{"forbidden", "unknown", "a", "b", "forbidden"} {
		if err := router.Rate(id, 1); err != nil {
			t.Fatal(err)
		}
	}
	within(t, func() bool { return router.Status() == Status{Waiting: 2, Rejected: 1} })
	if err := router.Rate("c", 1); err != nil {
		t.Fatal(err)
	}
	within(t, func() bool { return router.Status() == Status{Waiting: 2, Rejected: 1} })
	fake.change(func() { fake.onItem = nil })
	flush(t, router)
	if len(fake.taken) != 5 {
		t.Fatalf("got %v", fake.taken)
	}
}

func TestAFeedbackThatMakesEveryBatchFailIsFoundAndBlocksNoOthers(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	fake.change(func() {
		fake.onBatch = func(batch *pointsmanv1.FeedbackBatchRequest) error {
			for _, f := range batch.Requests {
				if f.DecisionId == "poison" {
					return status.Error(codes.ResourceExhausted, "too large")
				}
			}
			return nil
		}
	})
	for i := 0; i < 20; i++ {
		id := fmt.Sprint("good", i)
		if i == 3 {
			id = "poison"
		}
		if err := router.Rate(id, 1); err != nil {
			t.Fatal(err)
		}
	}
	within(t, func() bool { return router.Status() == Status{Waiting: 1} })
}

func TestAServerThatComesBackGetsEverythingInOrder(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	fake.change(func() {
		fake.onBatch = func(*pointsmanv1.FeedbackBatchRequest) error { return status.Error(codes.Unavailable, "stopping") }
	})
	for i := 0; i < 100; i++ {
		if err := router.Rate(fmt.Sprint(i), 1); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(400 * time.Millisecond)
	tries := 0
	fake.change(func() { fake.onBatch, tries = nil, len(fake.batches) })
	if tries < 2 || tries > 5 {
		t.Fatalf("%d tries in 400 ms", tries)
	}
	flush(t, router)
	for i, f := range fake.taken {
		if f.DecisionId != fmt.Sprint(i) {
			t.Fatalf("%s is at place %d", f.DecisionId, i)
		}
	}
}

func TestDropsAreReported(t *testing.T) {
	var mutex sync.Mutex
	dropped, reports := 0, 0
	router := newRouter(t, goneAddress(t), WithOutboxMax(5), WithReport(func(r Report) {
		mutex.Lock()
		defer mutex.Unlock()
		dropped += r.Dropped
		reports++
	}))
	for i := 0; i < 9; i++ {
		if err := router.Rate("id", 1); err != nil {
			t.Fatal(err)
		}
	}
	if got := router.Status(); got != (Status{Waiting: 5, Dropped: 4}) {
		t.Fatalf("got %+v", got)
	}
	router.Close()
	mutex.Lock()
	defer mutex.Unlock()
	if dropped != 4 || reports != 2 { // the first at once, the others with the next minute or the end
		t.Fatalf("%d reports of %d drops", reports, dropped)
	}
}

func TestCloseSendsWhatItCanAndNeverTakesLong(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address)
	for i := 0; i < 300; i++ {
		if err := router.Rate(fmt.Sprint(i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := router.Close(); err != nil || len(fake.taken) != 300 {
		t.Fatalf("%v, %d were sent", err, len(fake.taken))
	}
	path := filepath.Join(t.TempDir(), "outbox")
	away := newRouter(t, goneAddress(t), WithOutbox(path))
	if err := away.Rate("id", 1); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	away.Close()
	if took := time.Since(begun); took > 4*time.Second {
		t.Fatalf("it took %v", took)
	}
	flush(t, newRouter(t, fake.address, WithOutbox(path)))
	if last := fake.taken[len(fake.taken)-1]; last.DecisionId != "id" {
		t.Fatalf("got %v", last)
	}
}

func TestTwoRoutersShareAnOutboxAndOneSends(t *testing.T) {
	fake := startFake(t)
	path := filepath.Join(t.TempDir(), "outbox")
	first, second := newRouter(t, fake.address, WithOutbox(path)), newRouter(t, fake.address, WithOutbox(path))
	for i := 0; i < 50; i++ {
		for _, router := range []*Router{first, second} {
			if err := router.Rate("id", 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	flush(t, second)
	if len(fake.taken) != 100 {
		t.Fatalf("%d were sent", len(fake.taken))
	}
	first.Close()
	if err := second.Rate("after", 1); err != nil {
		t.Fatal(err)
	}
	flush(t, second)
}

func TestABigBacklogGoesInMessagesThatAServerTakes(t *testing.T) {
	fake := startFake(t)
	router := newRouter(t, fake.address, WithDefaultArm("safe"))
	fake.change(func() {
		fake.onRoute = func(*pointsmanv1.RouteRequest) error { return status.Error(codes.Unavailable, "away") }
	})
	for i := 0; i < 40; i++ {
		if _, err := router.Call(context.Background(), strings.Repeat("word ", 40_000), nothing); err != nil {
			t.Fatal(err)
		}
	}
	flush(t, router)
	if len(fake.late) != 40 || fake.biggest > 1<<20 {
		t.Fatalf("%d in messages of up to %d bytes", len(fake.late), fake.biggest)
	}
}

func within(t *testing.T, isSo func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it did not happen within 10 s")
		}
	}
}
