package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// targets is the one URL, or the endpoints of the Service in turn.
func targets(ctx context.Context, o options) (target, error) {
	if o.service == "" {
		url := strings.TrimSuffix(o.url, "/") + o.path
		return func() (string, error) { return url, nil }, nil
	}
	namespace, name, ok := strings.Cut(o.service, "/")
	if !ok {
		return nil, errors.New("-service is NAMESPACE/SERVICE")
	}
	e := &endpoints{port: o.port}
	if err := e.watch(ctx, o.kubeconfig, namespace, name); err != nil {
		return nil, err
	}
	return func() (string, error) {
		address, err := e.next()
		return "http://" + address + o.path, err
	}, nil
}

// endpoints are the addresses behind a Service, from its EndpointSlices.
type endpoints struct {
	port  string
	store cache.Store
	mu    sync.Mutex
	all   []string
	at    int
}

func (e *endpoints) watch(ctx context.Context, kubeconfig, namespace, name string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.UserAgent = "loadgen"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(l *metav1.ListOptions) {
			l.LabelSelector = discoveryv1.LabelServiceName + "=" + name
		}))
	informer := factory.Discovery().V1().EndpointSlices().Informer()
	e.store = informer.GetStore()
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { e.read() },
		UpdateFunc: func(any, any) { e.read() },
		DeleteFunc: func(any) { e.read() },
	})
	if err != nil {
		return err
	}
	go informer.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("the endpoints of %s/%s did not arrive", namespace, name)
	}
	e.read()
	return nil
}

// read takes the ready endpoints; if there is none, those that are being
// deleted but still serve, as kube-proxy does.
func (e *endpoints) read() {
	var ready, ending []string
	for _, o := range e.store.List() {
		slice := o.(*discoveryv1.EndpointSlice)
		port := e.portOf(slice)
		if port == "" {
			continue
		}
		for _, p := range slice.Endpoints {
			address := net.JoinHostPort(p.Addresses[0], port)
			switch c := p.Conditions; {
			case c.Ready == nil || *c.Ready:
				ready = append(ready, address)
			case c.Serving != nil && *c.Serving && c.Terminating != nil && *c.Terminating:
				ending = append(ending, address)
			}
		}
	}
	if len(ready) == 0 {
		ready = ending
	}
	slices.Sort(ready)
	e.mu.Lock()
	e.all = ready
	e.mu.Unlock()
}

func (e *endpoints) portOf(slice *discoveryv1.EndpointSlice) string {
	for _, p := range slice.Ports {
		if p.Port != nil && (e.port == "" || p.Name != nil && *p.Name == e.port) {
			return strconv.Itoa(int(*p.Port))
		}
	}
	return ""
}

func (e *endpoints) next() (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.all) == 0 {
		return "", errors.New("no endpoints")
	}
	e.at++
	return e.all[e.at%len(e.all)], nil
}
