package main

import (
	"context"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

type ipKey struct{}

// podListener hands out only the connections made to a pod that serves, and
// resets the others.
type podListener struct {
	net.Listener
	pods *pods
	open *connections
}

func (l *podListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		ip := addressOf(c)
		l.open.add(ip, c)
		if l.pods.serving(ip) != nil {
			return c, nil
		}
		l.open.remove(ip, c)
		reset(c)
	}
}

// addressOf is the address that the client connected to.
func addressOf(c net.Conn) string { return c.LocalAddr().(*net.TCPAddr).IP.String() }

func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// connections are those open to each pod's address.
type connections struct {
	mu   sync.Mutex
	byIP map[string]map[net.Conn]bool
}

func newConnections() *connections {
	return &connections{byIP: map[string]map[net.Conn]bool{}}
}

func (o *connections) add(ip string, c net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byIP[ip] == nil {
		o.byIP[ip] = map[net.Conn]bool{}
	}
	o.byIP[ip][c] = true
}

func (o *connections) remove(ip string, c net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byIP[ip], c)
	if len(o.byIP[ip]) == 0 {
		delete(o.byIP, ip)
	}
}

// reset cuts every connection to a pod that stopped serving, those in the
// middle of an answer too, as the end of its process would.
func (o *connections) reset(ip string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.byIP[ip] {
		reset(c)
	}
	delete(o.byIP, ip)
}

type app struct {
	pods    *pods
	metrics *metrics
	mu      sync.Mutex
	asked   map[string]uint64 // requests of each pod, by address
}

func newServer(p *pods, open *connections, m *metrics) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // gRPC
	return &http.Server{
		Protocols: protocols,
		Handler:   &app{pods: p, metrics: m, asked: map[string]uint64{}},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, ipKey{}, addressOf(c))
		},
		ConnState: func(c net.Conn, s http.ConnState) {
			if s == http.StateClosed {
				open.remove(addressOf(c), c)
			}
		},
	}
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ip := r.Context().Value(ipKey{}).(string)
	pod := a.pods.serving(ip)
	if pod == nil {
		panic(http.ErrAbortHandler) // gone since the connection was accepted
	}
	start := time.Now()
	fails := a.fails(ip, pod.errorPercent)
	status := http.StatusOK
	if fails && !isCall(r) {
		status = http.StatusInternalServerError
	}
	wait(r.Context(), pod.delay)
	if isCall(r) {
		answerCall(w, pod, fails)
	} else {
		answer(w, pod, status)
	}
	a.metrics.seen(pod, r.Method, status, time.Since(start))
}

// isCall tells a call of gRPC.
func isCall(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// answerCall answers any method with an empty message, or with none and status 13 (internal).
func answerCall(w http.ResponseWriter, pod *pod, fails bool) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	name(h, pod)
	w.WriteHeader(http.StatusOK)
	status := "13"
	if !fails {
		status = "0"
		w.Write(make([]byte, 5))
	}
	h.Set(http.TrailerPrefix+"Grpc-Status", status)
}

func name(h http.Header, pod *pod) {
	h.Set("X-Namespace", pod.namespace)
	h.Set("X-Pod", pod.name)
	h.Set("X-Version", pod.version)
}

func answer(w http.ResponseWriter, pod *pod, status int) {
	body, _ := json.Marshal(map[string]string{
		"namespace": pod.namespace, "pod": pod.name, "version": pod.version,
	})
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	name(h, pod)
	w.WriteHeader(status)
	w.Write(body)
}

// fails spreads a pod's share of failures evenly over its requests: exact, and
// the same in every run.
func (a *app) fails(ip string, percent float64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := float64(a.asked[ip])
	a.asked[ip]++
	return math.Floor((n+1)*percent/100) > math.Floor(n*percent/100)
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
