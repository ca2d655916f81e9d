package pointsman_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pointsman "pointsman.dev/client-go"
)

// realServer is a pointsmand with the pool of the example.
type realServer struct {
	t       *testing.T
	bin     string
	data    string
	address string
	process *exec.Cmd
}

func startServer(t *testing.T) *realServer {
	t.Helper()
	bin := os.Getenv("POINTSMAN_BIN_DIR")
	if bin == "" {
		t.Skip("POINTSMAN_BIN_DIR is not set: nothing was tested against a real pointsmand")
	}
	s := &realServer{t: t, bin: bin, data: t.TempDir(), address: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.kill)
	s.pointsman("pool", "create", "testdata/pool.yaml")
	return s
}

func (s *realServer) start() {
	s.t.Helper()
	s.process = exec.Command(filepath.Join(s.bin, "pointsmand"), "--data-dir", s.data, "--no-admin", "--listen", s.address)
	output, err := s.process.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, rest, found := strings.Cut(lines.Text(), "(port "); found {
			port, _, _ := strings.Cut(rest, ")")
			s.address = "127.0.0.1:" + port
			go func() {
				for lines.Scan() {
				}
			}()
			return
		}
	}
	s.t.Fatal("pointsmand did not start")
}

func (s *realServer) kill() {
	s.process.Process.Kill()
	s.process.Wait()
}

func (s *realServer) pointsman(words ...string) string {
	s.t.Helper()
	command := exec.Command(filepath.Join(s.bin, "pointsman"), append([]string{"--server", s.address}, words...)...)
	output, err := command.CombinedOutput()
	if err != nil {
		s.t.Fatalf("pointsman %v: %v\n%s", words, err, output)
	}
	return string(output)
}

func (s *realServer) expectExplained(id string, words ...string) {
	s.t.Helper()
	shown := s.pointsman("explain", id)
	for _, word := range words {
		if !strings.Contains(shown, word) {
			s.t.Fatalf("there is no %q in\n%s", word, shown)
		}
	}
}

func TestTheExampleRunsAgainstAServer(t *testing.T) {
	real := startServer(t)
	server = real.address
	chdir(t, t.TempDir())
	Example()
	if shown := real.pointsman("stats"); !strings.Contains(shown, "outcomes") {
		t.Fatal(shown)
	}
	real.expectExplained(exampleID, "quality 1", "small")
}

func TestAServerThatIsKilledAndComesBackLearnsEverything(t *testing.T) {
	real := startServer(t)
	router, err := pointsman.New(real.address, pointsman.WithOutbox(filepath.Join(t.TempDir(), "outbox")),
		pointsman.WithDefaultArm("small"), pointsman.WithDeadline(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	ask := func(source pointsman.Source) *pointsman.Call {
		t.Helper()
		call, err := router.Call(context.Background(), "a question",
			func(_ context.Context, call *pointsman.Call) error {
				call.Usage(pointsman.Usage{OutputTokens: 77})
				return nil
			})
		if err != nil || call.Source != source {
			t.Fatalf("got %+v, %v", call, err)
		}
		return call
	}
	before := ask(pointsman.FromServer)
	real.kill()
	away := ask(pointsman.FromDefault)
	if err := away.Rate(0.625); err != nil {
		t.Fatal(err)
	}
	if err := router.Rate(before.DecisionID, 0.375); err != nil {
		t.Fatal(err)
	}
	real.start()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := router.Flush(ctx); err != nil {
		t.Fatalf("%v, %+v", err, router.Status())
	}
	if got := router.Status(); got != (pointsman.Status{}) {
		t.Fatalf("got %+v", got)
	}
	real.expectExplained(away.DecisionID, "small", "0.625", "77")
	real.expectExplained(before.DecisionID, "0.375")
}

func chdir(t *testing.T, folder string) {
	t.Helper()
	before, err := os.Getwd()
	if err == nil {
		err = os.Chdir(folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chdir(before) })
}
