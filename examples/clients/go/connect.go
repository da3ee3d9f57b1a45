package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	maticv1 "matic/v1"
)

// connect opens a channel with mutual TLS; pki holds ca.pem, client.pem and client.key. It does not
// wait for the node, and reconnects by itself after a reboot.
func connect(address, pki string) (maticv1.NodeClient, error) {
	authority, err := os.ReadFile(filepath.Join(pki, "ca.pem"))
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s: no certificate in ca.pem", pki)
	}
	own, err := tls.LoadX509KeyPair(
		filepath.Join(pki, "client.pem"), filepath.Join(pki, "client.key"))
	if err != nil {
		return nil, err
	}
	mutual := credentials.NewTLS(&tls.Config{
		RootCAs:      authorities,
		Certificates: []tls.Certificate{own},
		MinVersion:   tls.VersionTLS12,
	})
	// A node that lost its power says nothing: pings notice it.
	pings := keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}
	channel, err := grpc.Dial(address, grpc.WithTransportCredentials(mutual),
		grpc.WithKeepaliveParams(pings))
	if err != nil {
		return nil, err
	}
	return maticv1.NewNodeClient(channel), nil
}
