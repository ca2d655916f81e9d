package pointsman

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"pointsman.dev/client-go/pointsmanv1"
)

// fakeServer answers as a test says, and remembers what it was sent.
type fakeServer struct {
	pointsmanv1.UnimplementedRouterServer
	address string

	mutex    sync.Mutex
	onRoute  func(*pointsmanv1.RouteRequest) error
	onBatch  func(*pointsmanv1.FeedbackBatchRequest) error
	onItem   func(*pointsmanv1.FeedbackRequest) codes.Code
	onLate   func(*pointsmanv1.RouteRequest) codes.Code // an item of a RouteBatch
	routes   []*pointsmanv1.RouteRequest
	late     []*pointsmanv1.RouteRequest
	taken    []*pointsmanv1.FeedbackRequest
	batches  []int
	biggest  int // bytes of a RouteBatch
	metadata metadata.MD
}

func startFake(t *testing.T) *fakeServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fake := &fakeServer{address: listener.Addr().String()}
	server := grpc.NewServer()
	pointsmanv1.RegisterRouterServer(server, fake)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return fake
}

// change sets answers while the server runs.
func (f *fakeServer) change(how func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	how()
}

func (f *fakeServer) Route(ctx context.Context, request *pointsmanv1.RouteRequest) (*pointsmanv1.RouteResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.metadata, _ = metadata.FromIncomingContext(ctx)
	f.routes = append(f.routes, request)
	if f.onRoute != nil {
		if err := f.onRoute(request); err != nil {
			return nil, err
		}
	}
	response := &pointsmanv1.RouteResponse{DecisionId: request.DecisionId, Arm: "one", Propensity: 0.5, Logged: true}
	for _, arm := range []string{"two", "three"} {
		if len(response.Further)+1 < int(request.ArmCount) {
			response.Further = append(response.Further, &pointsmanv1.FurtherArm{Arm: arm})
		}
	}
	return response, nil
}

func (f *fakeServer) RouteBatch(_ context.Context, request *pointsmanv1.RouteBatchRequest) (
	*pointsmanv1.RouteBatchResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.biggest = max(f.biggest, proto.Size(request))
	response := &pointsmanv1.RouteBatchResponse{}
	for _, route := range request.Requests {
		item := &pointsmanv1.RouteBatchResponse_Item{Result: &pointsmanv1.RouteBatchResponse_Item_Response{
			Response: &pointsmanv1.RouteResponse{DecisionId: route.DecisionId, Arm: "one"}}}
		if f.onLate != nil {
			if code := f.onLate(route); code != codes.OK {
				item.Result = &pointsmanv1.RouteBatchResponse_Item_Error{Error: &pointsmanv1.ItemStatus{Code: int32(code)}}
			}
		}
		if item.GetError() == nil {
			f.late = append(f.late, route)
		}
		response.Items = append(response.Items, item)
	}
	return response, nil
}

func (f *fakeServer) FeedbackBatch(_ context.Context, request *pointsmanv1.FeedbackBatchRequest) (
	*pointsmanv1.FeedbackBatchResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.batches = append(f.batches, len(request.Requests))
	if f.onBatch != nil {
		if err := f.onBatch(request); err != nil {
			return nil, err
		}
	}
	response := &pointsmanv1.FeedbackBatchResponse{}
	for _, feedback := range request.Requests {
		item := &pointsmanv1.FeedbackBatchResponse_Item{Result: &pointsmanv1.FeedbackBatchResponse_Item_Response{
			Response: &pointsmanv1.FeedbackResponse{Result: pointsmanv1.FeedbackResult_APPLIED}}}
		code := codes.OK
		if f.onItem != nil {
			code = f.onItem(feedback)
		}
		if code != codes.OK {
			item.Result = &pointsmanv1.FeedbackBatchResponse_Item_Error{Error: &pointsmanv1.ItemStatus{Code: int32(code)}}
		} else {
			f.taken = append(f.taken, feedback)
		}
		response.Items = append(response.Items, item)
	}
	return response, nil
}

func newRouter(t *testing.T, address string, options ...Option) *Router {
	t.Helper()
	options = append([]Option{
		WithOutbox(filepath.Join(t.TempDir(), "outbox")),
		WithDeadline(5 * time.Second), // of a busy machine; the tests of the deadline have their own
		WithReport(func(report Report) { t.Log(report) }),
	}, options...)
	router, err := New(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { router.Close() })
	return router
}

func flush(t *testing.T, router *Router) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := router.Flush(ctx); err != nil {
		t.Fatalf("the outbox does not get empty: %v, %+v", err, router.Status())
	}
}

// goneAddress is where nobody listens.
func goneAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func nothing(context.Context, *Call) error { return nil }
