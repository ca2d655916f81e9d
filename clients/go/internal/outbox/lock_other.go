//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package outbox

import (
	"errors"
	"os"
)

var errNoLocks = errors.New("the outbox needs flock, which this system does not have: use Linux, macOS or a BSD")

func lock(*os.File) error            { return errNoLocks }
func tryLock(*os.File) (bool, error) { return false, errNoLocks }
func unlock(*os.File) error          { return errNoLocks }
