// Package outbox keeps feedback in a file until the server has taken it.
//
// Several processes may share the file. All append to it, each under a lock that is held for one write. One of
// them, the leader, sends and compacts. What Add has returned for survives a kill of the process at any moment,
// because the kernel has it. It is not synced: a power failure may take the last seconds.
package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Status counts entries: those that wait now, and those that were lost since this process opened the outbox.
type Status struct {
	Waiting  int
	Dropped  int
	Rejected int
}

// Box is one process's view of the file. Its methods may be called by many goroutines.
type Box struct {
	path string
	max  int

	added chan struct{}

	mutex   sync.Mutex
	lock    *os.File
	leader  *os.File
	leads   bool
	file    *os.File
	journal journal
	base    Status // the counts when this process opened the file
}

// Open opens the outbox at `path`, and makes it and its folder if they are missing. It holds queries, so only the
// user who runs the app may read it.
func Open(path string, max int) (*Box, error) {
	if max < 1 {
		return nil, fmt.Errorf("an outbox of %d entries holds nothing: give it at least 1", max)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the outbox: %w", err)
	}
	box := &Box{path: path, max: max, added: make(chan struct{}, 1)}
	var err error
	if box.lock, err = openFile(path + ".lock"); err == nil {
		box.leader, err = openFile(path + ".leader")
	}
	if err == nil {
		err = box.locked(func() error {
			box.base = Status{Dropped: int(box.journal.dropped), Rejected: int(box.journal.rejected)}
			return nil
		})
	}
	if err != nil {
		box.closeFiles()
		return nil, fmt.Errorf("cannot open the outbox: %w", err)
	}
	return box, nil
}

func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
}

// Add writes one feedback, and the Route that it needs, if any. It drops the oldest entries if there is no room,
// and says how many.
func (b *Box) Add(route, feedback []byte) (dropped int, err error) {
	err = b.locked(func() error {
		var gone []uint64
		if over := len(b.journal.waiting) + 1 - b.max; over > 0 {
			gone = b.journal.oldest(over)
		}
		dropped = len(gone)
		return b.append(settleLine(kindDropped, gone) + entryLine(b.journal.next, route, feedback))
	})
	if err != nil {
		return 0, fmt.Errorf("cannot write to the outbox: %w", err)
	}
	select {
	case b.added <- struct{}{}:
	default:
	}
	return dropped, nil
}

// Added tells the leader that this process has added an entry.
func (b *Box) Added() <-chan struct{} { return b.added }

// Changed says whether another process has written since this one last looked. It takes no lock on the file.
func (b *Box) Changed() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.file == nil {
		return true
	}
	info, err := b.file.Stat()
	return err != nil || info.Size() != b.journal.end
}

// Next gives the oldest entries that are ready: up to `limit` of them and about `bytes`, but at least one. More says
// that others are ready too.
func (b *Box) Next(limit, bytes int, ready func(seq uint64) bool) (entries []Entry, more bool, err error) {
	err = b.locked(func() error {
		used := 0
		for _, seq := range b.journal.order {
			at, there := b.journal.waiting[seq]
			if !there || !ready(seq) {
				continue
			}
			if len(entries) == limit || len(entries) > 0 && used+int(at.length) > bytes {
				more = true
				return nil
			}
			line := make([]byte, at.length)
			if _, err := b.file.ReadAt(line, at.offset); err != nil {
				return err
			}
			entry, err := parseEntry(string(line))
			if err != nil {
				// It was whole when it was first read. It must not stand in the way of the others.
				if err := b.append(settleLine(kindDropped, []uint64{seq})); err != nil {
					return err
				}
				continue
			}
			entries = append(entries, entry)
			used += int(at.length)
		}
		return nil
	})
	return entries, more, err
}

// Settle removes what the server has taken, and what it will never take.
func (b *Box) Settle(sent, rejected []uint64) error {
	if len(sent)+len(rejected) == 0 {
		return nil
	}
	return b.locked(func() error {
		return b.append(settleLine(kindSent, sent) + settleLine(kindRejected, rejected))
	})
}

// Status reads what all processes have written up to now.
func (b *Box) Status() (Status, error) {
	var status Status
	err := b.locked(func() error {
		status = Status{
			Waiting:  len(b.journal.waiting),
			Dropped:  max(0, int(b.journal.dropped)-b.base.Dropped),
			Rejected: max(0, int(b.journal.rejected)-b.base.Rejected),
		}
		return nil
	})
	return status, err
}

// Lead makes this process the one that sends, unless another one is. It stays so until Close, or its end.
func (b *Box) Lead() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if !b.leads && b.leader != nil {
		b.leads, _ = tryLock(b.leader)
	}
	return b.leads
}

// Leads says whether this process leads.
func (b *Box) Leads() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.leads
}

// Close lets another process lead. What waits stays in the file.
func (b *Box) Close() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.closeFiles()
	b.leads = false
}

func (b *Box) closeFiles() {
	for _, file := range []**os.File{&b.file, &b.leader, &b.lock} {
		if *file != nil {
			(*file).Close() // which frees a lock on it
			*file = nil
		}
	}
}

// locked runs `work` while no other process writes, with a journal that is up to date and a file that ends with a
// whole line.
func (b *Box) locked(work func() error) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.lock == nil {
		return errors.New("the outbox is closed")
	}
	if err := lock(b.lock); err != nil {
		return err
	}
	defer unlock(b.lock)
	if err := b.catchUp(); err != nil {
		return err
	}
	return work()
}

// catchUp reads what others wrote, and cuts off a line whose writer died.
func (b *Box) catchUp() error {
	if err := b.reopen(); err != nil {
		return err
	}
	info, err := b.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < b.journal.end {
		b.journal = newJournal() // somebody cut the file
	}
	if info.Size() > b.journal.end {
		torn, err := b.journal.read(b.file, info.Size())
		if err != nil {
			return err
		}
		if torn {
			if err := b.file.Truncate(b.journal.end); err != nil {
				return err
			}
		}
	}
	if b.journal.end == 0 {
		return b.append(firstLine())
	}
	return nil
}

// reopen takes the file that the path names now: the leader may have compacted it, or somebody removed it.
func (b *Box) reopen() error {
	named, err := os.Stat(b.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if b.file != nil {
		if held, err := b.file.Stat(); err == nil && named != nil && os.SameFile(named, held) {
			return nil
		}
		b.file.Close()
		b.file = nil
	}
	b.journal = newJournal()
	b.file, err = openFile(b.path)
	return err
}

// append writes whole lines in one write, and takes them into the journal.
func (b *Box) append(lines string) error {
	if n, err := b.file.WriteString(lines); err != nil {
		if n > 0 {
			b.file.Truncate(b.journal.end) // if this fails too, the next writer cuts it
		}
		return err
	}
	b.journal.applyAll(lines)
	return nil
}
