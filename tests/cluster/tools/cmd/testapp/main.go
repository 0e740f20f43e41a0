// Command testapp answers HTTP, and gRPC without TLS, for every pod of the kit: every pod address is
// this machine's, and the address that a client connected to tells which pod
// was meant. How a pod answers is read from its labels and annotations.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	listen := flag.String("listen", "0.0.0.0:8080", "address that answers for the pods")
	metrics := flag.String("metrics", "0.0.0.0:8090", "address of /metrics and /readyz")
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig to watch the pods with")
	flag.Parse()
	if err := run(*listen, *metrics, *kubeconfig); err != nil {
		log.Fatal(err)
	}
}

func run(listen, metricsListen, kubeconfig string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.UserAgent = "testapp"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	m := newMetrics()
	open := newConnections()
	pods := newPods(open.reset, m.forget)
	if err := pods.watch(ctx, client); err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", listen)
	if err != nil {
		return err
	}
	server := newServer(pods, open, m)
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(&podListener{listener, pods, open}) }()
	go func() { failed <- http.ListenAndServe(metricsListen, m.handler()) }()
	select {
	case err = <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}
