//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package outbox

import (
	"errors"
	"os"
	"syscall"
)

// lock waits until no other process holds the lock. The kernel frees it when its holder dies.
func lock(file *os.File) error {
	return flock(file, syscall.LOCK_EX)
}

// tryLock takes the lock if nobody holds it.
func tryLock(file *os.File) (bool, error) {
	err := flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func unlock(file *os.File) error {
	return flock(file, syscall.LOCK_UN)
}

func flock(file *os.File, how int) error {
	for {
		// A signal may end the wait before the lock is there.
		if err := syscall.Flock(int(file.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}
