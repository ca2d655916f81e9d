package outbox

import (
	"errors"
	"io"
	"os"
)

// compactAt is the size of dead lines below which nothing is worth the work.
const compactAt = 1 << 20

var errReplaced = errors.New("somebody replaced the outbox while it was compacted")

// Compact writes a new file without the dead lines, if these are most of the file. Only the leader may call it. Others
// are kept waiting only for the end of it: the long copy and its sync happen without the lock.
func (b *Box) Compact() error {
	if !b.worthCompacting() {
		return nil
	}
	path := b.path + ".new"
	fresh, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer fresh.Close()
	var old *os.File
	var from int64
	var live []span
	if err := b.locked(func() error {
		old, from = b.file, b.journal.end
		for _, seq := range b.journal.order {
			if at, there := b.journal.waiting[seq]; there {
				live = append(live, at)
			}
		}
		_, err := fresh.WriteString(totalsLine(&b.journal))
		return err
	}); err != nil {
		return err
	}
	// An entry that is settled meanwhile is copied too. The line that settles it follows.
	for _, at := range live {
		if _, err := io.Copy(fresh, io.NewSectionReader(old, at.offset, at.length)); err != nil {
			return err
		}
	}
	// The new file must be whole before it takes the old one's place, whatever happens to the machine.
	if err := fresh.Sync(); err != nil {
		return err
	}
	return b.locked(func() error {
		if b.file != old {
			return errReplaced
		}
		since := io.NewSectionReader(old, from, b.journal.end-from)
		if _, err := io.Copy(fresh, since); err != nil {
			return err
		}
		return os.Rename(path, b.path)
	})
}

func (b *Box) worthCompacting() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	dead := b.journal.end - b.journal.live
	return b.leads && dead > compactAt && dead > b.journal.live
}
