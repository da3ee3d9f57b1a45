package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	maticv1 "matic/v1"
)

// What goes on through a reboot of the node.

func waitTime() time.Duration {
	if seconds, err := strconv.Atoi(os.Getenv("MATIC_WAIT_SECONDS")); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return 5 * time.Minute
}

func getStatus(node maticv1.NodeClient) (status *maticv1.GetStatusResponse, err error) {
	err = call(func(ctx context.Context, options ...grpc.CallOption) (err error) {
		status, err = node.GetStatus(ctx, &maticv1.GetStatusRequest{}, options...)
		return
	})
	return
}

func rollBack(node maticv1.NodeClient, reason string) (int, error) {
	before, err := getStatus(node)
	if err != nil {
		return 0, err
	}
	var back *maticv1.TriggerRollbackResponse
	err = call(func(ctx context.Context, options ...grpc.CallOption) (err error) {
		request := &maticv1.TriggerRollbackRequest{Reason: reason}
		back, err = node.TriggerRollback(ctx, request, options...)
		return
	})
	if err != nil {
		return 0, err
	}
	fmt.Printf("rolling back from %s to %s\n", back.From, back.To)
	record, err := waitUntilItIsBack(node, back.To, before.BootId)
	if err != nil {
		return 0, err
	}
	fmt.Printf("runs %s\n", back.To)
	at := record.Time.AsTime().Format(time.RFC3339)
	fmt.Printf("%s %s: %s\n", at, record.Kind, record.Reason)
	return 0, nil
}

// waitUntilItIsBack returns what the node's history says of its way back to the target. The node
// does not answer while it reboots.
func waitUntilItIsBack(
	node maticv1.NodeClient, target, before string) (*maticv1.RollbackRecord, error) {
	for deadline := time.Now().Add(waitTime()); time.Now().Before(deadline); time.Sleep(time.Second) {
		status, err := getStatus(node)
		if err == nil && runs(status, target) && status.BootId != before {
			var record *maticv1.RollbackRecord
			if record, err = latestRollback(node); record.GetBootId() == status.BootId {
				return record, nil
			}
		}
		if err != nil && !away(err) {
			return nil, err
		}
	}
	return nil, errors.New("the node did not come back with " + target + " in time")
}

func runs(status *maticv1.GetStatusResponse, target string) bool {
	for _, t := range status.Targets {
		if t.Running && t.Name == target {
			return true
		}
	}
	return false
}

func latestRollback(node maticv1.NodeClient) (record *maticv1.RollbackRecord, err error) {
	err = call(func(ctx context.Context, options ...grpc.CallOption) error {
		request := &maticv1.GetRollbackHistoryRequest{Limit: 1}
		history, err := node.GetRollbackHistory(ctx, request, options...)
		for _, found := range history.GetRecords() {
			record = found
		}
		return err
	})
	return
}

// follow prints each change. The stream breaks at a reboot; a new one begins with the state of then.
func follow(node maticv1.NodeClient, schedule string) (int, error) {
	deadline := time.Now().Add(waitTime())
	for {
		code, err := watch(node, schedule, func() { deadline = time.Now().Add(waitTime()) })
		if err == nil || !away(err) || time.Now().After(deadline) {
			return code, err
		}
		time.Sleep(time.Second)
	}
}

func watch(node maticv1.NodeClient, schedule string, heard func()) (int, error) {
	request := &maticv1.WatchScheduleRequest{ScheduleId: schedule}
	stream, err := node.WatchSchedule(context.Background(), request)
	if err != nil {
		return 0, failure{error: err}
	}
	for {
		change, err := stream.Recv()
		if err != nil {
			return 0, failure{err, stream.Trailer()}
		}
		heard()
		now := change.Schedule
		fmt.Println(strings.TrimPrefix(now.State.String(), "SCHEDULE_STATE_"), now.Phase, now.Reason)
		switch now.State {
		case maticv1.ScheduleState_SCHEDULE_STATE_COMPLETED:
			return 0, nil
		case maticv1.ScheduleState_SCHEDULE_STATE_FAILED,
			maticv1.ScheduleState_SCHEDULE_STATE_CANCELLED:
			return 4, nil
		case maticv1.ScheduleState_SCHEDULE_STATE_ROLLED_BACK:
			return 5, nil
		}
	}
}
