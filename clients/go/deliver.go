package pointsman

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"pointsman.dev/client-go/internal/outbox"
	"pointsman.dev/client-go/pointsmanv1"
)

// item is an entry that is ready to be sent.
type item struct {
	seq      uint64
	route    *pointsmanv1.RouteRequest // nil: the server made the decision itself
	feedback *pointsmanv1.FeedbackRequest
}

func (i *item) decision() string { return i.feedback.Pool + "\x00" + i.feedback.DecisionId }

func decode(entry outbox.Entry) (*item, error) {
	i := &item{seq: entry.Seq, feedback: &pointsmanv1.FeedbackRequest{}}
	if err := proto.Unmarshal(entry.Feedback, i.feedback); err != nil {
		return nil, err
	}
	if len(entry.Route) > 0 {
		i.route = &pointsmanv1.RouteRequest{}
		if err := proto.Unmarshal(entry.Route, i.route); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// verdict is what becomes of the items of one batch.
type verdict struct {
	sent     []uint64
	rejected []uint64
	delayed  []*item
	busy     int // of those delayed, how many for a reason that is not their own
}

// deliver sends one batch and settles what the server said of it. False: the server takes nothing now.
func (s *sender) deliver(batch []*item) bool {
	var v verdict
	known, err := s.sendRoutes(batch, &v)
	if err == nil && len(known) > 0 {
		err = s.sendFeedback(known, &v)
	}
	for _, item := range v.delayed {
		s.delay(item)
	}
	if err != nil {
		s.refused(batch, err)
	} else if v.busy == len(batch) && v.busy > 1 {
		s.backOff() // it is not about these: the server is full
	} else if len(v.delayed) < len(batch) {
		s.pause = shortPause
		s.batch = min(2*s.batch, batchItems)
	}
	taken := err == nil && len(v.delayed) < len(batch)
	return s.settle(v.sent, v.rejected) && taken
}

// sendRoutes makes sure that the server knows the decisions of the batch. It returns the items that may go on.
func (s *sender) sendRoutes(batch []*item, v *verdict) ([]*item, error) {
	var asked []string
	requests := &pointsmanv1.RouteBatchRequest{}
	seen := map[string]bool{}
	for _, item := range batch {
		if decision := item.decision(); item.route != nil && !seen[decision] {
			seen[decision] = true
			asked = append(asked, decision)
			requests.Requests = append(requests.Requests, item.route)
		}
	}
	if len(asked) == 0 {
		return batch, nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, callTimeout)
	defer cancel()
	response, err := s.router.client.RouteBatch(s.router.outgoing(ctx), requests)
	if err == nil && len(response.Items) != len(asked) {
		err = status.Error(codes.Internal, "the server answered with another number of items")
	}
	if err != nil {
		return nil, err
	}
	errors := map[string]error{}
	for i, answer := range response.Items {
		errors[asked[i]] = itemError(answer.GetError())
	}
	var known []*item
	for _, item := range batch {
		switch err := errors[item.decision()]; {
		case err == nil:
			known = append(known, item)
		case mendable(status.Code(err)):
			v.delayed = append(v.delayed, item)
			v.busy++
		default:
			s.reject(item, err, v)
		}
	}
	return known, nil
}

func (s *sender) sendFeedback(batch []*item, v *verdict) error {
	requests := &pointsmanv1.FeedbackBatchRequest{}
	for _, item := range batch {
		requests.Requests = append(requests.Requests, item.feedback)
	}
	ctx, cancel := context.WithTimeout(s.ctx, callTimeout)
	defer cancel()
	response, err := s.router.client.FeedbackBatch(s.router.outgoing(ctx), requests)
	if err == nil && len(response.Items) != len(batch) {
		err = status.Error(codes.Internal, "the server answered with another number of items")
	}
	if err != nil {
		return err
	}
	for i, answer := range response.Items {
		switch err := itemError(answer.GetError()); {
		case err == nil:
			v.sent = append(v.sent, batch[i].seq)
		case mendable(status.Code(err)):
			v.delayed = append(v.delayed, batch[i])
			if temporary(status.Code(err)) {
				v.busy++
			}
			s.tellTrouble(err, len(batch))
		default:
			s.reject(batch[i], err, v)
		}
	}
	return nil
}

func itemError(e *pointsmanv1.ItemStatus) error {
	if e == nil {
		return nil
	}
	return status.Error(codes.Code(e.Code), e.Message)
}

func (s *sender) reject(item *item, err error, v *verdict) {
	v.rejected = append(v.rejected, item.seq)
	s.router.reports.tell(Report{Rejected: 1, DecisionID: item.feedback.DecisionId, Err: err})
}

// refused is about an error of a whole call. That never drops anything: the address may be that of another server.
func (s *sender) refused(batch []*item, err error) {
	s.tellTrouble(err, len(batch))
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.Unauthenticated, codes.PermissionDenied:
		s.backOff()
		return
	}
	// One item may be the reason, such as one that is too large. Smaller batches find it. From then on it is sent alone,
	// so that it keeps nobody waiting.
	if len(batch) == 1 && status.Code(err) != codes.DeadlineExceeded {
		s.delay(batch[0])
		if s.alone[batch[0].seq] {
			return
		}
		s.alone[batch[0].seq] = true
	}
	s.batch = max(1, len(batch)/2)
	s.backOff()
}

// tellTrouble reports what does not go away by itself.
func (s *sender) tellTrouble(err error, waiting int) {
	if code := status.Code(err); code != codes.Unavailable && code != codes.Canceled {
		s.router.reports.trouble(Report{Waiting: waiting, Err: err})
	}
}
