package outbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const childOutbox, childName = "POINTSMAN_TEST_OUTBOX", "POINTSMAN_TEST_NAME"

func TestMain(m *testing.M) {
	if path := os.Getenv(childOutbox); path != "" {
		child(path, os.Getenv(childName))
		return
	}
	os.Exit(m.Run())
}

// child adds entries until it is killed, and prints each after Add has returned.
func child(path, name string) {
	box, err := Open(path, 1<<20)
	if err != nil {
		panic(err)
	}
	padding := strings.Repeat("x", 20_000) // several pages, so that a kill can hit the middle of a write
	for i := 0; ; i++ {
		text := fmt.Sprintf("%s-%d", name, i)
		if _, err := box.Add(nil, []byte(text+" "+padding)); err != nil {
			panic(err)
		}
		fmt.Println(text)
	}
}

func TestWhatAddReturnedForOutlivesKillsOfSeveralProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox")
	box := open(t, path, 1<<20)
	box.Lead()
	here := map[string]bool{}
	take := func() {
		entries, _, err := box.Next(64, 1<<30, always)
		if err != nil {
			t.Fatal(err)
		}
		settled := []uint64{}
		for _, entry := range entries {
			name, _, _ := strings.Cut(string(entry.Feedback), " ")
			here[name] = true
			settled = append(settled, entry.Seq)
		}
		if err := box.Settle(settled, nil); err != nil {
			t.Fatal(err)
		}
		if err := box.Compact(); err != nil {
			t.Fatal(err)
		}
	}
	promised := make(chan string, 1<<20)
	for round := 0; round < 8; round++ {
		ended := make(chan struct{})
		for c := 0; c < 2; c++ {
			command := exec.Command(os.Args[0])
			command.Env = append(os.Environ(), childOutbox+"="+path, fmt.Sprintf("%s=%d.%d", childName, round, c))
			output, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Duration(150+37*round+61*c)*time.Millisecond, func() { command.Process.Kill() })
			go func() {
				lines := bufio.NewReader(output)
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						break
					}
					promised <- strings.TrimSpace(line)
				}
				command.Wait()
				ended <- struct{}{}
			}()
		}
		for left := 2; left > 0; {
			select {
			case <-ended:
				left--
			default:
				take()
			}
		}
	}
	for status, _ := box.Status(); status.Waiting > 0; status, _ = box.Status() {
		take()
	}
	expectStatus(t, box, Status{})
	if len(promised) < 100 {
		t.Fatalf("only %d entries were written", len(promised))
	}
	for len(promised) > 0 {
		if name := <-promised; !here[name] {
			t.Fatalf("%s is lost", name)
		}
	}
}
