package main

import (
	"context"
	"errors"
	"log"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// pod is what the app knows of one pod: who it is and how it shall behave.
type pod struct {
	namespace, name, version string
	ready                    bool
	delay                    time.Duration
	errorPercent             float64
}

// pods maps the address of each pod that exists to the pod.
type pods struct {
	mu     sync.RWMutex
	byIP   map[string]*pod
	closed func(ip string)              // an address no longer serves
	gone   func(namespace, name string) // a pod no longer exists
}

func newPods(closed func(string), gone func(string, string)) *pods {
	return &pods{byIP: map[string]*pod{}, closed: closed, gone: gone}
}

// serving is the pod that answers at an address, or nil if none does.
func (p *pods) serving(ip string) *pod {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if found := p.byIP[ip]; found != nil && found.ready {
		return found
	}
	return nil
}

// watch fills the map and keeps it current; it returns once the map is full.
func (p *pods) watch(ctx context.Context, client kubernetes.Interface) error {
	informer := informers.NewSharedInformerFactory(client, 0).Core().V1().Pods().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { p.set(o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { p.set(o.(*corev1.Pod)) },
		DeleteFunc: p.remove,
	})
	if err != nil {
		return err
	}
	go informer.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return errors.New("testapp: the list of pods did not arrive")
	}
	return nil
}

func (p *pods) set(o *corev1.Pod) {
	ip := o.Status.PodIP
	if ip == "" || o.Spec.HostNetwork {
		return
	}
	now := describe(o)
	p.mu.Lock()
	before := p.byIP[ip]
	p.byIP[ip] = now
	p.mu.Unlock()
	if before != nil && before.ready && !now.ready {
		p.closed(ip)
	}
}

func (p *pods) remove(o any) {
	if last, missed := o.(cache.DeletedFinalStateUnknown); missed {
		o = last.Obj
	}
	was := o.(*corev1.Pod)
	ip := was.Status.PodIP
	p.mu.Lock()
	if now := p.byIP[ip]; now != nil && now.namespace == was.Namespace && now.name == was.Name {
		delete(p.byIP, ip)
	}
	p.mu.Unlock()
	p.closed(ip)
	p.gone(was.Namespace, was.Name)
}

// describe reads a pod's behaviour. Annotation serin.test/only limits the
// other annotations to the pods whose name it matches.
func describe(o *corev1.Pod) *pod {
	d := &pod{namespace: o.Namespace, name: o.Name, version: version(o), ready: isReady(o)}
	if only := o.Annotations["serin.test/only"]; only != "" {
		expression, err := regexp.Compile(only)
		if err != nil {
			log.Printf("%s/%s: serin.test/only: %v", o.Namespace, o.Name, err)
			return d
		}
		if !expression.MatchString(o.Name) {
			return d
		}
	}
	d.delay = time.Duration(number(o, "serin.test/delay-ms") * float64(time.Millisecond))
	d.errorPercent = number(o, "serin.test/error-percent")
	return d
}

// version is the label `version`, or else the tag of the first image.
func version(o *corev1.Pod) string {
	if v := o.Labels["version"]; v != "" {
		return v
	}
	image := o.Spec.Containers[0].Image
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		return image[i+1:]
	}
	return "latest"
}

func isReady(o *corev1.Pod) bool {
	for _, c := range o.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func number(o *corev1.Pod, annotation string) float64 {
	text, ok := o.Annotations[annotation]
	if !ok {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		log.Printf("%s/%s: %s: %v", o.Namespace, o.Name, annotation, err)
	}
	return n
}
