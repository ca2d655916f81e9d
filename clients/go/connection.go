package pointsman

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

func dial(address string, s settings) (*grpc.ClientConn, error) {
	secure := s.credentials
	if secure == nil {
		if s.token != "" && !onThisMachine(address) {
			return nil, errors.New("a token to another machine would be sent in the clear: add WithTransportCredentials")
		}
		secure = insecure.NewCredentials()
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secure),
		grpc.WithUserAgent("pointsman-go/" + Version),
		// Unless told, gRPC may wait two minutes before it looks for a restarted server.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
		// A connection that has to be made again costs the next call more than its deadline.
		grpc.WithIdleTimeout(0),
		// A machine that vanished refuses nothing. Without this, its connection lives for a quarter of an hour.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 5 * time.Second}),
	}
	if onThisMachine(address) {
		options = append(options, grpc.WithNoProxy())
	}
	return grpc.NewClient(address, options...)
}

func onThisMachine(address string) bool {
	if strings.HasPrefix(address, "unix:") || strings.HasPrefix(address, "unix-abstract:") {
		return true
	}
	if _, rest, found := strings.Cut(address, ":///"); found {
		address = rest
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// stayConnected connects before the first call needs it, and again when the connection was lost.
func stayConnected(ctx context.Context, connection *grpc.ClientConn) {
	for {
		state := connection.GetState()
		if state == connectivity.Idle {
			connection.Connect()
		}
		if state == connectivity.Shutdown || !connection.WaitForStateChange(ctx, state) {
			return
		}
	}
}

// outgoing replaces the metadata in the context: what is there is meant for the app's own calls.
func (r *Router) outgoing(ctx context.Context) context.Context {
	pairs := metadata.MD{}
	if r.settings.token != "" {
		pairs.Set("authorization", "Bearer "+r.settings.token)
	}
	injectTrace(ctx, pairs)
	return metadata.NewOutgoingContext(ctx, pairs)
}
