// node shows a node's health, follows an update, or takes the node back to its previous system.
//
//	MATIC_NODE=HOST:PORT MATIC_PKI=DIR node health | rollback REASON | follow SCHEDULE
//
// Exit codes: 0 done, 1 failed, 2 usage, 3 not reachable or not authorised, 4 the update failed or
// was cancelled, 5 it was rolled back, 6 refused.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	maticv1 "matic/v1"
)

const callTime = 30 * time.Second

// call runs one RPC with a deadline. Where it fails it says why, and err is not nil.
func call(do func(context.Context, ...grpc.CallOption) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	var trailer metadata.MD
	if err := do(ctx, grpc.Trailer(&trailer)); err != nil {
		return failure{err, trailer}
	}
	return nil
}

// failure is a gRPC error with the node's own code, which travels as trailing metadata.
type failure struct {
	error
	trailer metadata.MD
}

func (f failure) code() string {
	if own := f.trailer.Get("matic-error-code"); len(own) == 1 {
		return own[0]
	}
	return status.Code(f.error).String()
}

// away tells what a node that reboots answers, or what is answered for it.
func away(err error) bool {
	if f, ok := err.(failure); ok {
		err = f.error
	}
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// explain says what went wrong, and gives the exit code.
func explain(err error) int {
	f, ok := err.(failure)
	if !ok {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	message := status.Convert(f.error).Message()
	switch {
	case f.code() == "permission":
		fmt.Fprintf(os.Stderr, "not authorised: %s\n", message)
		return 3
	case away(f):
		fmt.Fprintf(os.Stderr, "cannot reach the node: %s\n", message)
		return 3
	case f.code() == "refused":
		fmt.Fprintf(os.Stderr, "refused: %s\n", message)
		return 6
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", f.code(), message)
	return 1
}

func showHealth(node maticv1.NodeClient) (int, error) {
	var health *maticv1.GetHealthResponse
	err := call(func(ctx context.Context, options ...grpc.CallOption) (err error) {
		health, err = node.GetHealth(ctx, &maticv1.GetHealthRequest{Refresh: true}, options...)
		return
	})
	if err != nil {
		return 0, err
	}
	fmt.Println(strings.TrimPrefix(health.State.String(), "HEALTH_STATE_"))
	for _, check := range health.Checks {
		result := strings.TrimPrefix(check.Result.String(), "CHECK_RESULT_")
		fmt.Printf("%s: %s %s\n", check.Name, result, check.Output)
	}
	if health.State == maticv1.HealthState_HEALTH_STATE_UNHEALTHY {
		return 1, nil
	}
	return 0, nil
}

func main() {
	node, err := connect(os.Getenv("MATIC_NODE"), os.Getenv("MATIC_PKI"))
	code := 2
	switch {
	case err != nil:
	case len(os.Args) == 2 && os.Args[1] == "health":
		code, err = showHealth(node)
	case len(os.Args) == 3 && os.Args[1] == "rollback":
		code, err = rollBack(node, os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "follow":
		code, err = follow(node, os.Args[2])
	default:
		fmt.Fprintf(os.Stderr, "usage: %s health | rollback REASON | follow SCHEDULE\n", os.Args[0])
	}
	if err != nil {
		code = explain(err)
	}
	os.Exit(code)
}
