package outbox

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"time"
)

// The journal is a text file, only ever appended to. A line is KIND FIELDS CRC:
//
//	= NEXT DROPPED REJECTED   the first line: the next number, and the counts of the files before this one
//	+ SEQ ROUTE FEEDBACK      an entry; ROUTE and FEEDBACK are in base64, and ROUTE may be "."
//	s SEQ,SEQ,...             the server took these
//	x SEQ,SEQ,...             the server will never take these
//	d SEQ,SEQ,...             these were dropped, because the outbox was full
//
// A line without an end is one whose writer died: its entry was never promised to anybody.
const (
	kindEntry    = '+'
	kindTotals   = '='
	kindSent     = 's'
	kindRejected = 'x'
	kindDropped  = 'd'
)

var table = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("a line of the outbox is damaged")

// Entry is one feedback that waits. Route is empty if the server made the decision itself.
type Entry struct {
	Seq      uint64
	Route    []byte
	Feedback []byte
}

type span struct {
	offset int64
	length int64
}

// journal is what the lines of the file say, up to the offset `end`.
type journal struct {
	end      int64
	live     int64 // bytes of the lines of waiting entries
	next     uint64
	order    []uint64 // ascending; holds settled numbers too, until they are tidied away
	waiting  map[uint64]span
	dropped  uint64
	rejected uint64
}

func newJournal() journal {
	return journal{waiting: map[uint64]span{}}
}

// read goes on at `end`. It leaves `end` behind the last whole line; torn says that more follows there.
func (j *journal) read(file io.ReaderAt, size int64) (torn bool, err error) {
	buffer := int(min(size-j.end, 1<<16))
	lines := bufio.NewReaderSize(io.NewSectionReader(file, j.end, size-j.end), buffer)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return line != "", nil
		}
		if err != nil {
			return false, err
		}
		j.advance(line)
	}
}

// applyAll takes in whole lines that begin at `end`.
func (j *journal) applyAll(lines string) {
	for _, line := range strings.SplitAfter(lines, "\n") {
		if line != "" {
			j.advance(line)
		}
	}
}

func (j *journal) advance(line string) {
	if j.apply(line) != nil {
		j.dropped++ // an entry, as far as anybody can tell
	}
	j.end += int64(len(line))
}

// apply takes in one line that begins at `end`.
func (j *journal) apply(line string) error {
	fields, err := parse(line)
	if err != nil {
		return err
	}
	switch fields[0][0] {
	case kindEntry:
		seq, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil || len(fields) != 4 {
			return errDamaged
		}
		j.insert(seq, span{j.end, int64(len(line))})
	case kindTotals:
		if len(fields) != 4 {
			return errDamaged
		}
		j.next, _ = strconv.ParseUint(fields[1], 10, 64)
		j.dropped, _ = strconv.ParseUint(fields[2], 10, 64)
		j.rejected, _ = strconv.ParseUint(fields[3], 10, 64)
	case kindSent, kindRejected, kindDropped:
		j.settle(fields[0][0], fields[1])
	default:
		// A later version of this package may write more kinds.
	}
	return nil
}

func (j *journal) insert(seq uint64, at span) {
	j.order = append(j.order, seq)
	j.waiting[seq] = at
	j.live += at.length
	if seq >= j.next {
		j.next = seq + 1
	}
}

func (j *journal) settle(kind byte, numbers string) {
	for _, text := range strings.Split(numbers, ",") {
		seq, _ := strconv.ParseUint(text, 10, 64)
		at, there := j.waiting[seq]
		if !there {
			continue // dropped while it was on its way
		}
		delete(j.waiting, seq)
		j.live -= at.length
		switch kind {
		case kindRejected:
			j.rejected++
		case kindDropped:
			j.dropped++
		}
	}
	for len(j.order) > 0 {
		if _, there := j.waiting[j.order[0]]; there {
			break
		}
		j.order = j.order[1:]
	}
	if len(j.order) > 2*len(j.waiting)+64 {
		j.tidy()
	}
}

func (j *journal) tidy() {
	kept := make([]uint64, 0, len(j.waiting))
	for _, seq := range j.order {
		if _, there := j.waiting[seq]; there {
			kept = append(kept, seq)
		}
	}
	j.order = kept
}

// oldest names the n entries that have waited longest.
func (j *journal) oldest(n int) []uint64 {
	var found []uint64
	for _, seq := range j.order {
		if len(found) == n {
			break
		}
		if _, there := j.waiting[seq]; there {
			found = append(found, seq)
		}
	}
	return found
}

func finish(line string) string {
	return fmt.Sprintf("%s %08x\n", line, crc32.Checksum([]byte(line), table))
}

func entryLine(seq uint64, route, feedback []byte) string {
	encoded := "."
	if len(route) > 0 {
		encoded = base64.RawStdEncoding.EncodeToString(route)
	}
	return finish(fmt.Sprintf("%c %d %s %s", kindEntry, seq, encoded, base64.RawStdEncoding.EncodeToString(feedback)))
}

func settleLine(kind byte, numbers []uint64) string {
	if len(numbers) == 0 {
		return ""
	}
	text := make([]string, len(numbers))
	for i, seq := range numbers {
		text[i] = strconv.FormatUint(seq, 10)
	}
	return finish(fmt.Sprintf("%c %s", kind, strings.Join(text, ",")))
}

func totalsLine(j *journal) string {
	return finish(fmt.Sprintf("%c %d %d %d", kindTotals, j.next, j.dropped, j.rejected))
}

// firstLine begins an empty file. Its numbers begin where no earlier file's are, in case somebody removed
// that file while entries of it were on their way.
func firstLine() string {
	return totalsLine(&journal{next: uint64(time.Now().UnixNano())})
}

// parse gives the kind and the fields of a line that is whole.
func parse(line string) ([]string, error) {
	text := strings.TrimSuffix(line, "\n")
	cut := strings.LastIndexByte(text, ' ')
	if cut < 1 {
		return nil, errDamaged
	}
	sum, err := strconv.ParseUint(text[cut+1:], 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum([]byte(text[:cut]), table) {
		return nil, errDamaged
	}
	fields := strings.Split(text[:cut], " ")
	if len(fields) < 2 || len(fields[0]) != 1 {
		return nil, errDamaged
	}
	return fields, nil
}

func parseEntry(line string) (Entry, error) {
	fields, err := parse(line)
	if err != nil || len(fields) != 4 || fields[0][0] != kindEntry {
		return Entry{}, errDamaged
	}
	entry := Entry{}
	if entry.Seq, err = strconv.ParseUint(fields[1], 10, 64); err != nil {
		return Entry{}, errDamaged
	}
	if fields[2] != "." {
		if entry.Route, err = base64.RawStdEncoding.DecodeString(fields[2]); err != nil {
			return Entry{}, errDamaged
		}
	}
	if entry.Feedback, err = base64.RawStdEncoding.DecodeString(fields[3]); err != nil {
		return Entry{}, errDamaged
	}
	return entry, nil
}
