// Command loadgen sends a bounded stream of requests and counts the answers by
// version and status. It asks either one URL (with any Host, header or cookie)
// or the ready endpoints of a Service in turn, as kube-proxy would.
//
// It ends at -count, -until-count or -duration, or when it is told by SIGTERM
// or SIGINT, and then prints its counts. SIGUSR1 prints the counts so far.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const longest = 30 * time.Minute

type options struct {
	url, service, host, port string
	path, cookie, log        string
	header                   headers
	rate                     float64
	count, untilCount        int64
	clients                  int
	duration, timeout        time.Duration
	fresh, grpc, json        bool
	kubeconfig               string
}

type headers http.Header

func (h headers) String() string { return "" }

func (h headers) Set(text string) error {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return errors.New("a header is NAME:VALUE")
	}
	http.Header(h).Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

func parse() options {
	o := options{header: headers{}}
	flag.StringVar(&o.url, "url", os.Getenv("INGRESS_URL"), "ask this URL")
	flag.StringVar(&o.service, "service", "", "ask the ready endpoints of this NAMESPACE/SERVICE instead")
	flag.StringVar(&o.port, "port", "", "with -service: the name of the port (default: the first)")
	flag.StringVar(&o.path, "path", "/", "path to ask for")
	flag.StringVar(&o.host, "host", "", "Host header")
	flag.Var(o.header, "header", "another header, NAME:VALUE (repeatable)")
	flag.StringVar(&o.cookie, "cookie", "", "cookies, NAME=VALUE; NAME=VALUE")
	flag.Float64Var(&o.rate, "rate", 0, "requests a second (default: as fast as the clients go)")
	flag.IntVar(&o.clients, "clients", 4, "requests in flight at most")
	flag.Int64Var(&o.count, "count", 0, "end after this many requests")
	flag.Int64Var(&o.untilCount, "until-count", 0, "end after this many answers of 2xx")
	flag.DurationVar(&o.duration, "duration", time.Minute, "end after this time at the latest (30m at most)")
	flag.DurationVar(&o.timeout, "timeout", 10*time.Second, "time for one request")
	flag.BoolVar(&o.fresh, "fresh", false, "a new connection for each request")
	flag.BoolVar(&o.grpc, "grpc", false, "call gRPC without TLS, the method named by -path (/SERVICE/METHOD)")
	flag.BoolVar(&o.json, "json", false, "print the counts as one line of JSON")
	flag.StringVar(&o.log, "log", "", "write a line of JSON to this file for each request not answered 2xx")
	flag.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "with -service: the kubeconfig to use")
	flag.Parse()
	return o
}

func (o options) check() error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.url == "" && o.service == "":
		return errors.New("give -url or -service")
	case o.duration <= 0 || o.duration > longest:
		return fmt.Errorf("-duration is at most %s", longest)
	case o.clients < 1 || o.clients > 256:
		return errors.New("-clients is 1 to 256")
	}
	return nil
}

func main() {
	o := parse()
	if err := o.check(); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	next, err := targets(ctx, o)
	if err != nil {
		return err
	}
	c, err := newCounts(o.log)
	if err != nil {
		return err
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			c.print(os.Stdout, o.json)
		}
	}()
	send(ctx, cancel, o, next, c)
	c.print(os.Stdout, o.json)
	return nil
}
