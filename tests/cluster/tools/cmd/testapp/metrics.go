package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics carry the labels of both usual ways to scrape pods, so that the
// builtin queries of the kubernetes provider find them.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics() *metrics {
	labels := []string{"kubernetes_namespace", "kubernetes_pod_name", "namespace", "pod", "version", "method", "status"}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests answered.",
		}, labels),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Seconds until the answer was written.",
			Buckets: prometheus.DefBuckets,
		}, labels),
	}
	m.registry.MustRegister(m.requests, m.seconds)
	return m
}

func (m *metrics) seen(p *pod, method string, status int, took time.Duration) {
	values := []string{p.namespace, p.name, p.namespace, p.name, p.version, method, strconv.Itoa(status)}
	m.requests.WithLabelValues(values...).Inc()
	m.seconds.WithLabelValues(values...).Observe(took.Seconds())
}

// forget ends a pod's series, as the end of a scrape target would; it leaves
// Prometheus time to fetch the last counts.
func (m *metrics) forget(namespace, name string) {
	time.AfterFunc(3*time.Second, func() {
		of := prometheus.Labels{"namespace": namespace, "pod": name}
		m.requests.DeletePartialMatch(of)
		m.seconds.DeletePartialMatch(of)
	})
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	return mux
}
