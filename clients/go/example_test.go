package pointsman_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	pointsman "pointsman.dev/client-go"
)

var (
	server    = "127.0.0.1:7717"
	exampleID string
)

// ask stands for the app's own call of a model.
func ask(_ context.Context, arm, query string) (answer string, tokens pointsman.Usage, err error) {
	return "4", pointsman.Usage{InputTokens: 12, OutputTokens: 1}, nil
}

func Example() {
	ctx, query := context.Background(), "What is 2 + 2?"

	router, err := pointsman.New(server, pointsman.WithDefaultArm("small"), pointsman.WithOutbox("pointsman.outbox"))
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()

	call, err := router.Call(ctx, query, func(ctx context.Context, call *pointsman.Call) error {
		answer, usage, err := ask(ctx, call.Arm, query) // your own call of the model that call.Arm names
		call.Usage(usage)
		fmt.Println(answer)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	call.Rate(1) // now; or tomorrow, in any process: router.Rate(call.DecisionID, 1)

	exampleID = call.DecisionID // for the test that runs this
}

func TestTheReadmeShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "\trouter, err := ")
	code, _, _ = strings.Cut(code, "\n\texampleID")
	code = "router, err := " + strings.ReplaceAll(code, "\n\t", "\n")
	if !strings.Contains(string(readme), strings.TrimSpace(code)) {
		t.Fatalf("README.md does not have\n%s", code)
	}
}
