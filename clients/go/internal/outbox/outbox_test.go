package outbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, path string, max int) *Box {
	t.Helper()
	box, err := Open(path, max)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return box
}

func add(t *testing.T, box *Box, text string) {
	t.Helper()
	if _, err := box.Add(nil, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func always(uint64) bool { return true }

// waiting gives the feedback of all entries, in order.
func waiting(t *testing.T, box *Box) []string {
	t.Helper()
	entries, _, err := box.Next(1<<20, 1<<40, always)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{}
	for _, entry := range entries {
		texts = append(texts, string(entry.Feedback))
	}
	return texts
}

func expectWaiting(t *testing.T, box *Box, expected ...string) {
	t.Helper()
	if got := waiting(t, box); fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Fatalf("got %q, expected %q", got, expected)
	}
}

func expectStatus(t *testing.T, box *Box, expected Status) {
	t.Helper()
	if got, err := box.Status(); err != nil || got != expected {
		t.Fatalf("got %+v, %v, expected %+v", got, err, expected)
	}
}

func TestEntriesOutliveTheProcessInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "outbox")
	first := open(t, path, 100)
	if _, err := first.Add([]byte("route"), []byte("a")); err != nil {
		t.Fatal(err)
	}
	add(t, first, "b")
	add(t, first, "c")
	first.Close()

	second := open(t, path, 100)
	entries, more, err := second.Next(2, 1<<20, always)
	if err != nil || !more || len(entries) != 2 || string(entries[0].Route) != "route" || len(entries[1].Route) != 0 {
		t.Fatalf("got %v, %v, %v", entries, more, err)
	}
	if err := second.Settle([]uint64{entries[0].Seq}, []uint64{entries[1].Seq}); err != nil {
		t.Fatal(err)
	}
	expectWaiting(t, second, "c")
	expectStatus(t, second, Status{Waiting: 1, Rejected: 1})
	expectStatus(t, open(t, path, 100), Status{Waiting: 1}) // it counts from when it was opened
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestABatchIsBoundedInBytesButNeverEmpty(t *testing.T) {
	box := open(t, filepath.Join(t.TempDir(), "outbox"), 100)
	for i := 0; i < 3; i++ {
		add(t, box, strings.Repeat("x", 1000))
	}
	if entries, more, err := box.Next(64, 10, always); err != nil || len(entries) != 1 || !more {
		t.Fatalf("got %d entries, %v, %v", len(entries), more, err)
	}
	if entries, more, err := box.Next(64, 3000, always); err != nil || len(entries) != 2 || !more {
		t.Fatalf("got %d entries, %v, %v", len(entries), more, err)
	}
}

func TestAFileCutAnywhereKeepsEveryWholeEntryBeforeTheCut(t *testing.T) {
	folder := t.TempDir()
	whole := filepath.Join(folder, "whole")
	box := open(t, whole, 100)
	ends := []int{}
	for i := 0; i < 3; i++ {
		add(t, box, fmt.Sprint("entry", i))
		ends = append(ends, int(box.journal.end))
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(content); cut++ {
		path := filepath.Join(folder, "cut")
		if err := os.WriteFile(path, content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		expected := []string{}
		for i, end := range ends {
			if end <= cut {
				expected = append(expected, fmt.Sprint("entry", i))
			}
		}
		box := open(t, path, 100)
		expectWaiting(t, box, expected...)
		add(t, box, "later")
		box.Close()
		again := open(t, path, 100)
		expectWaiting(t, again, append(expected, "later")...)
		expectStatus(t, again, Status{Waiting: len(expected) + 1})
		again.Close()
	}
}

func TestATornLineOfAnotherProcessIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	box := open(t, path, 100)
	add(t, box, "a")
	other, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.WriteString("+ 99 . aGFs"); err != nil {
		t.Fatal(err)
	}
	add(t, box, "b")
	expectWaiting(t, box, "a", "b")
	expectWaiting(t, open(t, path, 100), "a", "b")
}

func TestADamagedLineIsCountedAndBlocksNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	box := open(t, path, 100)
	add(t, box, "a")
	at := box.journal.end
	add(t, box, "b")
	add(t, box, "c")
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("?"), at+3); err != nil {
		t.Fatal(err)
	}
	expectWaiting(t, box, "a", "c") // it had read the line before
	expectStatus(t, box, Status{Waiting: 2, Dropped: 1})
	expectWaiting(t, open(t, path, 100), "a", "c")
}

func TestAFullOutboxDropsTheOldest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	box := open(t, path, 3)
	for i := 0; i < 200; i++ {
		dropped, err := box.Add(nil, []byte(fmt.Sprint(i)))
		if err != nil || (dropped == 1) != (i >= 3) {
			t.Fatalf("entry %d dropped %d, %v", i, dropped, err)
		}
	}
	expectWaiting(t, box, "197", "198", "199")
	expectStatus(t, box, Status{Waiting: 3, Dropped: 197})
	expectWaiting(t, open(t, path, 3), "197", "198", "199")
}

func TestAnEntryDroppedOnItsWayIsCountedOnce(t *testing.T) {
	box := open(t, filepath.Join(t.TempDir(), "outbox"), 1)
	add(t, box, "a")
	entries, _, _ := box.Next(1, 1<<20, always)
	add(t, box, "b")
	if err := box.Settle([]uint64{entries[0].Seq}, nil); err != nil {
		t.Fatal(err)
	}
	expectWaiting(t, box, "b")
	expectStatus(t, box, Status{Waiting: 1, Dropped: 1})
}

func TestCompactionKeepsWhatWaitsAndTheCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	box, other := open(t, path, 20), open(t, path, 20)
	big := strings.Repeat("x", 50_000)
	for i := 0; i < 40; i++ {
		add(t, box, fmt.Sprint(i, big))
	}
	expectStatus(t, other, Status{Waiting: 20, Dropped: 20})
	entries, _, _ := box.Next(18, 1<<30, always)
	settled := []uint64{}
	for _, entry := range entries {
		settled = append(settled, entry.Seq)
	}
	if err := box.Settle(settled[1:], settled[:1]); err != nil {
		t.Fatal(err)
	}
	before := box.journal.end
	if err := box.Compact(); err != nil || box.journal.end != before {
		t.Fatalf("only the leader compacts: %v", err)
	}
	box.Lead()
	if err := box.Compact(); err != nil {
		t.Fatal(err)
	}
	for _, view := range []*Box{box, other, open(t, path, 20)} {
		expectWaiting(t, view, fmt.Sprint(38, big), fmt.Sprint(39, big))
	}
	if box.journal.end > before/10 {
		t.Fatalf("the file has %d bytes of %d", box.journal.end, before)
	}
	expectStatus(t, box, Status{Waiting: 2, Dropped: 20, Rejected: 1})
	expectStatus(t, other, Status{Waiting: 2, Dropped: 20, Rejected: 1})
	add(t, other, "after")
	expectStatus(t, box, Status{Waiting: 3, Dropped: 20, Rejected: 1})
}

func TestOneLeadsAndTheNextTakesOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	first, second := open(t, path, 10), open(t, path, 10)
	if !first.Lead() || second.Lead() || !first.Lead() {
		t.Fatal("there must be one leader")
	}
	first.Close()
	if !second.Lead() {
		t.Fatal("the leader is gone")
	}
}

func TestAnOutboxThatSomebodyRemovedIsMadeAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	box := open(t, path, 10)
	add(t, box, "a")
	onTheirWay, _, _ := box.Next(10, 1<<20, always)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	add(t, box, "b")
	if err := box.Settle([]uint64{onTheirWay[0].Seq}, nil); err != nil {
		t.Fatal(err)
	}
	expectWaiting(t, box, "b")
}

// Many goroutines add through two views of one file, while the leader takes entries out and compacts.
func TestConcurrentWritersLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	boxes := []*Box{open(t, path, 1<<20), open(t, path, 1<<20)}
	const writers, each = 8, 150
	padding := strings.Repeat("x", 3000)
	var group sync.WaitGroup
	for w := 0; w < writers; w++ {
		group.Add(1)
		go func(w int) {
			defer group.Done()
			for i := 0; i < each; i++ {
				if _, err := boxes[w%2].Add(nil, []byte(fmt.Sprintf("%d-%d-%s", w, i, padding))); err != nil {
					t.Error(err)
				}
			}
		}(w)
	}
	leader := boxes[0]
	leader.Lead()
	seen := map[string]int{}
	until := time.Now().Add(30 * time.Second)
	for len(seen) < writers*each && time.Now().Before(until) {
		entries, _, err := leader.Next(64, 1<<20, always)
		if err != nil {
			t.Fatal(err)
		}
		settled := []uint64{}
		for _, entry := range entries {
			seen[string(entry.Feedback)]++
			settled = append(settled, entry.Seq)
		}
		if err := leader.Settle(settled, nil); err != nil {
			t.Fatal(err)
		}
		if err := leader.Compact(); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
	for text, times := range seen {
		if times != 1 {
			t.Fatalf("%.10s was there %d times", text, times)
		}
	}
	expectStatus(t, boxes[1], Status{})
	if len(seen) != writers*each {
		t.Fatalf("%d of %d entries", len(seen), writers*each)
	}
	if leader.journal.end > 3<<20 {
		t.Fatalf("it was not compacted: %d bytes", leader.journal.end)
	}
}
