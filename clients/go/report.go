package pointsman

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Report says what happened to feedback. One of Dropped, Rejected and Waiting is not 0, or Err stands alone.
type Report struct {
	Dropped    int    // entries that had to make room since the last such report
	Rejected   int    // entries that the server will never take
	Waiting    int    // entries that the server cannot take now, for a reason that somebody has to mend
	DecisionID string // with Rejected
	Err        error
}

func (r Report) String() string {
	switch {
	case r.Dropped > 0:
		return fmt.Sprintf("the outbox is full: dropped the %d oldest entries", r.Dropped)
	case r.Rejected > 0:
		return fmt.Sprintf("the server rejects feedback for decision %q: %v", r.DecisionID, r.Err)
	case r.Waiting > 0:
		return fmt.Sprintf("the server does not take feedback, %d entries wait: %v", r.Waiting, r.Err)
	}
	return fmt.Sprint(r.Err)
}

func logReport(report Report) {
	slog.Warn("pointsman: " + report.String())
}

// reporter passes reports on, those that may come in thousands once a minute.
type reporter struct {
	tell func(Report)

	mutex   sync.Mutex
	dropped int
	timer   *time.Timer // runs in the minute after a report of drops
	lastErr time.Time
}

const reportEvery = time.Minute

func (r *reporter) drop(n int) {
	if n == 0 {
		return
	}
	r.mutex.Lock()
	r.dropped += n
	quiet := r.timer != nil
	if !quiet {
		r.timer = time.AfterFunc(reportEvery, r.minuteIsOver)
	}
	r.mutex.Unlock()
	if !quiet {
		r.tellDrops()
	}
}

func (r *reporter) minuteIsOver() {
	r.mutex.Lock()
	r.timer = nil
	n := r.dropped
	r.dropped = 0
	r.mutex.Unlock()
	r.drop(n)
}

func (r *reporter) tellDrops() {
	r.mutex.Lock()
	n := r.dropped
	r.dropped = 0
	r.mutex.Unlock()
	if n > 0 {
		r.tell(Report{Dropped: n, Err: fmt.Errorf("%d entries were dropped", n)})
	}
}

// trouble reports at most once a minute what goes on for longer.
func (r *reporter) trouble(report Report) {
	r.mutex.Lock()
	quiet := time.Since(r.lastErr) < reportEvery
	if !quiet {
		r.lastErr = time.Now()
	}
	r.mutex.Unlock()
	if !quiet {
		r.tell(report)
	}
}

func (r *reporter) close() {
	r.mutex.Lock()
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mutex.Unlock()
	r.tellDrops()
}
