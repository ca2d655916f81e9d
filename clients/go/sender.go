package pointsman

import (
	"context"
	"math/rand"
	"time"
)

const (
	batchItems = 64
	batchBytes = 1 << 20 // well below what a server accepts in one message
	// The time from an entry to its batch is the wait for more entries, or the time until another process's is seen.
	linger      = 15 * time.Millisecond
	lookEvery   = 20 * time.Millisecond
	leadEvery   = time.Second
	callTimeout = 5 * time.Second
	shortPause  = 100 * time.Millisecond
	longPause   = 10 * time.Second
)

// sender sends what is in the outbox, while this process leads. One goroutine runs it.
type sender struct {
	router *Router
	ctx    context.Context // ends when Close can wait no longer
	cancel context.CancelFunc
	stop   chan struct{}
	done   chan struct{}

	batch  int           // entries of the next batch: fewer while the server refuses whole batches
	pause  time.Duration // after the next failure
	paused time.Time     // nothing is sent before
	due    time.Time     // there is something to send then
	looked time.Time     // when the last batch was chosen
	later  map[uint64]time.Time
	held   map[string]delay // by decision: its later feedback must not overtake an earlier one
	alone  map[uint64]bool  // entries that may make a whole batch fail
}

// delay is that of one decision: others need not wait for it.
type delay struct {
	until time.Time
	pause time.Duration
}

func newSender(r *Router) *sender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sender{
		router: r,
		ctx:    ctx,
		cancel: cancel,
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		batch:  batchItems,
		pause:  shortPause,
		alone:  map[uint64]bool{},
	}
	s.forget()
	return s
}

func (s *sender) forget() {
	s.later = map[uint64]time.Time{}
	s.held = map[string]delay{}
}

func (s *sender) run() {
	defer close(s.done)
	s.due = time.Now() // entries may be left from an earlier process
	for s.wait() {
		now := time.Now()
		if now.Before(s.due) || now.Before(s.paused) {
			continue
		}
		if !s.router.box.Lead() {
			s.due = now.Add(leadEvery)
			continue
		}
		s.sendReady()
		if err := s.router.box.Compact(); err != nil {
			s.router.reports.trouble(Report{Err: err})
		}
	}
	s.sendAtClose()
}

// wait returns when there may be something to do; false: the Router closes.
func (s *sender) wait() bool {
	at := s.due
	if s.paused.After(at) {
		at = s.paused
	}
	look := lookEvery
	if !s.router.box.Leads() {
		look = leadEvery
	}
	timer := time.NewTimer(min(look, max(0, time.Until(at))))
	defer timer.Stop()
	select {
	case <-s.stop:
		return false
	case <-s.router.box.Added():
		s.dueBy(time.Now().Add(linger))
	case <-timer.C:
		if s.router.box.Changed() {
			s.dueBy(time.Now())
		}
	}
	return true
}

func (s *sender) dueBy(at time.Time) {
	if at.Before(s.due) {
		s.due = at
	}
}

// sendReady sends batches as long as they are full. What came meanwhile waits for more to come.
func (s *sender) sendReady() {
	s.due = s.sendUntilDue()
	if time.Now().Before(s.paused) {
		s.dueBy(s.paused)
	}
}

// sendUntilDue says when there is something to send again.
func (s *sender) sendUntilDue() time.Time {
	for s.ctx.Err() == nil {
		batch, more := s.next()
		if len(batch) > 0 && !s.deliver(batch) {
			return s.paused
		}
		if !more {
			break
		}
	}
	return s.nextDelayed()
}

// next takes the oldest entries, but those that wait for their time, or for an earlier one of their decision.
func (s *sender) next() (batch []*item, more bool) {
	now := time.Now()
	s.looked = now
	entries, more, err := s.router.box.Next(s.batch, batchBytes, func(seq uint64) bool {
		return !now.Before(s.later[seq])
	})
	if err != nil {
		s.router.reports.trouble(Report{Err: err})
		s.backOff()
		return nil, false
	}
	var unreadable []uint64
	var alone []*item
	behind := map[string]bool{} // decisions of those
	for _, entry := range entries {
		item, err := decode(entry)
		switch {
		case err != nil:
			unreadable = append(unreadable, entry.Seq)
			s.router.reports.tell(Report{Rejected: 1, Err: err})
		case now.Before(s.held[item.decision()].until):
			s.later[item.seq] = s.held[item.decision()].until
		case s.alone[item.seq] || behind[item.decision()]:
			alone = append(alone, item)
			behind[item.decision()] = true
		default:
			batch = append(batch, item)
		}
	}
	s.settle(nil, unreadable)
	if len(batch) == 0 && len(alone) > 0 {
		return alone[:1], more || len(alone) > 1
	}
	return batch, more || len(alone) > 0
}

// settle says whether the outbox could be written.
func (s *sender) settle(sent, rejected []uint64) bool {
	for _, numbers := range [][]uint64{sent, rejected} {
		for _, seq := range numbers {
			delete(s.later, seq)
			delete(s.alone, seq)
		}
	}
	if err := s.router.box.Settle(sent, rejected); err != nil {
		// They are sent again, which the server recognises. It must not happen in a tight loop.
		s.router.reports.trouble(Report{Err: err})
		s.backOff()
		return false
	}
	return true
}

// delay lets one entry wait, and with it all of its decision.
func (s *sender) delay(item *item) {
	now := time.Now()
	d := s.held[item.decision()]
	if !d.until.After(now) {
		pause := max(d.pause, shortPause)
		d = delay{until: now.Add(jittered(pause)), pause: min(2*pause, longPause)}
		s.held[item.decision()] = d
	}
	s.later[item.seq] = d.until
}

func (s *sender) backOff() {
	s.paused = time.Now().Add(jittered(s.pause))
	s.pause = min(2*s.pause, longPause)
}

func jittered(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

// nextDelayed is when the first delayed entry is ready. A delay that was over when the sender last looked belongs to an
// entry that is gone.
func (s *sender) nextDelayed() time.Time {
	first := time.Now().Add(time.Hour)
	for seq, until := range s.later {
		if !until.After(s.looked) {
			delete(s.later, seq)
		} else if until.Before(first) {
			first = until
		}
	}
	for decision, delay := range s.held {
		if !delay.until.After(s.looked) {
			delete(s.held, decision)
		}
	}
	return first
}

// close gives the sender this long to empty the outbox.
func (s *sender) close(within time.Duration) {
	close(s.stop)
	timer := time.AfterFunc(within, s.cancel)
	defer timer.Stop()
	<-s.done
	s.cancel()
}

func (s *sender) sendAtClose() {
	for s.ctx.Err() == nil && s.router.box.Lead() {
		s.forget()
		s.sendReady()
		if counts, err := s.router.box.Status(); err != nil || counts.Waiting == 0 {
			return
		}
		select {
		case <-time.After(shortPause):
		case <-s.ctx.Done():
		}
	}
}
