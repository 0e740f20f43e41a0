package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// counts is what a run saw; its exported fields are the printed summary.
type counts struct {
	Sent      int64                       `json:"sent"`
	Good      int64                       `json:"good"` // answered 2xx, or by gRPC status 0
	Versions  map[string]int64            `json:"versions"`
	Statuses  map[string]int64            `json:"statuses"`
	ByVersion map[string]map[string]int64 `json:"version_statuses"`
	Pods      map[string]int64            `json:"pods"`
	Errors    map[string]int64            `json:"errors"` // no answer, by kind
	Seconds   float64                     `json:"seconds"`
	Latency   latency                     `json:"latency_ms"`

	mu    sync.Mutex
	start time.Time
	took  []float64
	log   *json.Encoder
}

type latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// miss is a line of the log: a request that was not answered 2xx.
type miss struct {
	Time    time.Time `json:"time"`
	URL     string    `json:"url"`
	Status  int       `json:"status,omitempty"`
	Version string    `json:"version,omitempty"`
	Pod     string    `json:"pod,omitempty"`
	Error   string    `json:"error,omitempty"`
	Millis  int64     `json:"ms"`
}

func newCounts(logTo string) (*counts, error) {
	c := &counts{
		Versions: map[string]int64{}, Statuses: map[string]int64{}, Pods: map[string]int64{},
		ByVersion: map[string]map[string]int64{}, Errors: map[string]int64{}, start: time.Now(),
	}
	if logTo != "" {
		f, err := os.Create(logTo)
		if err != nil {
			return nil, err
		}
		c.log = json.NewEncoder(f)
	}
	return c, nil
}

// answered counts an answer. One without X-Version is not from a pod: it
// counts as version "none". It tells whether the answer is good.
func (c *counts) answered(start time.Time, url string, r *http.Response) bool {
	version, pod := r.Header.Get("X-Version"), r.Header.Get("X-Pod")
	status, good := outcome(r)
	if version == "" {
		version = "none"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sent++
	c.took = append(c.took, time.Since(start).Seconds()*1000)
	c.Versions[version]++
	c.Statuses[status]++
	if c.ByVersion[version] == nil {
		c.ByVersion[version] = map[string]int64{}
	}
	c.ByVersion[version][status]++
	if pod != "" {
		c.Pods[pod]++
	}
	if good {
		c.Good++
		return true
	}
	c.write(miss{Time: start, URL: url, Status: r.StatusCode, Version: version, Pod: pod, Error: status, Millis: time.Since(start).Milliseconds()})
	return false
}

// outcome is an answer's status, and whether it is good. That of a call stands behind its body, or
// among the headers where there is none: "grpc 0".
func outcome(r *http.Response) (string, bool) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		return strconv.Itoa(r.StatusCode), r.StatusCode/100 == 2
	}
	status := r.Trailer.Get("Grpc-Status")
	if status == "" {
		status = r.Header.Get("Grpc-Status")
	}
	return "grpc " + status, r.StatusCode == http.StatusOK && status == "0"
}

func (c *counts) failed(start time.Time, url string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sent++
	c.Errors[kind(err)]++
	c.write(miss{Time: start, URL: url, Error: err.Error(), Millis: time.Since(start).Milliseconds()})
}

func (c *counts) write(m miss) {
	if c.log != nil {
		c.log.Encode(m)
	}
}

func kind(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case err.Error() == "no endpoints":
		return "no endpoints"
	}
	return "other"
}

func (c *counts) print(w io.Writer, asJSON bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Seconds = time.Since(c.start).Seconds()
	if n := len(c.took); n > 0 {
		slices.Sort(c.took)
		c.Latency = latency{c.took[n/2], c.took[n*99/100], c.took[n-1]}
	}
	if asJSON {
		json.NewEncoder(w).Encode(c)
		return
	}
	fmt.Fprintf(w, "sent %d in %.1f s, %d answered 2xx\nversions %v\nstatuses %v\nerrors   %v\nms       p50 %.1f, p99 %.1f, max %.1f\n",
		c.Sent, c.Seconds, c.Good, c.Versions, c.Statuses, c.Errors, c.Latency.P50, c.Latency.P99, c.Latency.Max)
}
