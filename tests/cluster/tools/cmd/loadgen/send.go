package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// target is the URL of the next request; it fails while there is none.
type target func() (string, error)

// send runs the clients until a bound is reached.
func send(ctx context.Context, cancel func(), o options, next target, c *counts) {
	client := newClient(o)
	turns := tickets(ctx, o)
	var good atomic.Int64
	var all sync.WaitGroup
	for range o.clients {
		all.Add(1)
		go func() {
			defer all.Done()
			for range turns {
				if ask(client, o, next, c) && good.Add(1) == o.untilCount {
					cancel()
				}
			}
		}()
	}
	all.Wait()
}

// tickets yields one turn for each request to send, at the asked rate, and
// ends at the count or with the context. A turn that finds every client busy
// is late, not lost, for up to a second's worth of turns.
func tickets(ctx context.Context, o options) <-chan struct{} {
	turns := make(chan struct{}, int(o.rate))
	go func() {
		defer close(turns)
		start := time.Now()
		for n := int64(0); o.count == 0 || n < o.count; n++ {
			if o.rate > 0 {
				due := start.Add(time.Duration(float64(n) / o.rate * float64(time.Second)))
				select {
				case <-time.After(time.Until(due)):
				case <-ctx.Done():
				}
			}
			if ctx.Err() != nil {
				return
			}
			select {
			case turns <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return turns
}

func newClient(o options) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!o.grpc)
	protocols.SetUnencryptedHTTP2(o.grpc)
	return &http.Client{
		Timeout: o.timeout,
		Transport: &http.Transport{
			Protocols:           protocols,
			DialContext:         (&net.Dialer{Timeout: o.timeout}).DialContext,
			DisableKeepAlives:   o.fresh,
			MaxIdleConns:        0,
			MaxIdleConnsPerHost: o.clients,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends one request, counts its outcome, and tells whether it was 2xx. A
// request once begun is finished, so that the end of a run loses none.
func ask(client *http.Client, o options, next target, c *counts) bool {
	start := time.Now()
	url, err := next()
	if err != nil {
		c.failed(start, "", err)
		time.Sleep(10 * time.Millisecond)
		return false
	}
	request, err := newRequest(o, url)
	if err != nil {
		c.failed(start, url, err)
		return false
	}
	if o.cookie != "" {
		request.Header.Set("Cookie", o.cookie)
	}
	request.Host = o.host
	answer, err := client.Do(request)
	if err != nil {
		c.failed(start, url, err)
		return false
	}
	_, err = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if err != nil {
		c.failed(start, url, err)
		return false
	}
	return c.answered(start, url, answer)
}

// newRequest asks for the URL, or calls the method that it names with an empty message.
func newRequest(o options, url string) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if o.grpc {
		method, body = http.MethodPost, bytes.NewReader(make([]byte, 5))
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return nil, err
	}
	request.Header = http.Header(o.header).Clone()
	if o.grpc {
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("Te", "trailers")
	}
	return request, nil
}
