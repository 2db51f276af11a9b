// Command client-go-agent is a reference for the benchmark: a controller that keeps Secrets up to date with a mount,
// in the usual way, with informers and a work queue of client-go and with fsnotify.
//
// It does what secrets-distributor does for the distributions of the benchmark, and nothing else: it has no access
// policy, no leader election, no Events, no metrics and no derived values. It writes the same content, labels,
// annotations and statuses, and writes statuses after the Secrets, as secrets-distributor does.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
)

const domain = "xlscsde.nhs.uk"

var resource = schema.GroupVersionResource{Group: domain, Version: "v1", Resource: "secretsdistributions"}

// generation is one state of the mount.
type generation struct {
	name  string
	files map[string][]byte
}

type agent struct {
	mount, mark   string
	quiet         time.Duration
	secrets       typedcorev1.SecretsGetter
	client        dynamic.Interface
	distributions cache.SharedIndexInformer
	targets       cache.Store
	work          workqueue.RateLimitingInterface
	statuses      workqueue.RateLimitingInterface

	lock    sync.Mutex
	current generation
	// How often each key of `work` was added that is not finished. Statuses wait until there are none.
	unfinished map[string]int
	idle       *sync.Cond
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig `file`")
	mount := flag.String("mount", "", "`folder` with an atomically written volume")
	mark := flag.String("managed-by", "benchmark", "owner `name` of the Secrets")
	quiet := flag.Duration("quiet", 20*time.Millisecond, "quiet time after the last change of the mount")
	workers := flag.Int("workers", 32, "`number` of workers")
	status := flag.Bool("status", false, "write statuses")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *mount, *mark, *quiet, *workers, *status); err != nil {
		log.Fatal(err)
	}
}

func run(
	ctx context.Context, kubeconfig, mount, mark string, quiet time.Duration, workers int, status bool,
) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// No limit on the client's side, as secrets-distributor has none.
	config.QPS = -1
	// As controller-runtime does for built-in types.
	typed := rest.CopyConfig(config)
	typed.ContentType = runtime.ContentTypeProtobuf
	typed.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	core, err := typedcorev1.NewForConfig(typed)
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	a := &agent{
		mount: mount, mark: mark, quiet: quiet, secrets: core, client: client, unfinished: map[string]int{},
		work:     workqueue.NewRateLimitingQueue(workqueue.DefaultControllerRateLimiter()),
		statuses: workqueue.NewRateLimitingQueue(workqueue.DefaultControllerRateLimiter()),
	}
	a.idle = sync.NewCond(&a.lock)

	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	if err := watcher.Add(mount); err != nil {
		return err
	}
	if a.current, err = read(mount); err != nil {
		return err
	}

	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	a.distributions = factory.ForResource(resource).Informer()
	a.distributions.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object interface{}) { a.add(key(object)) },
		UpdateFunc: func(old, new interface{}) {
			if !reflect.DeepEqual(spec(old), spec(new)) {
				a.add(key(new))
			}
		},
	})
	byTarget := func(object interface{}) {
		if object, ok := object.(metav1.Object); ok {
			if owner := object.GetAnnotations()[domain+"/distribution"]; owner != "" {
				a.add(owner)
			}
		}
	}
	ours := func(options *metav1.ListOptions) { options.LabelSelector = "app.kubernetes.io/managed-by=" + mark }
	targets, controller := cache.NewInformer(
		cache.NewFilteredListWatchFromClient(core.RESTClient(), "secrets", metav1.NamespaceAll, ours),
		&corev1.Secret{}, 0,
		cache.ResourceEventHandlerFuncs{
			UpdateFunc: func(_, new interface{}) { byTarget(new) }, DeleteFunc: byTarget,
		})
	a.targets = targets
	go a.distributions.Run(ctx.Done())
	go controller.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), a.distributions.HasSynced, controller.HasSynced) {
		return ctx.Err()
	}

	for i := 0; i < workers; i++ {
		go process(a.work, func(key string) error {
			adds := a.adds(key)
			if err := a.reconcile(ctx, key); err != nil {
				return err
			}
			if status {
				a.statuses.Add(key)
			}
			a.finish(key, adds)
			return nil
		})
		if status {
			go process(a.statuses, func(key string) error { return a.writeStatus(ctx, key) })
		}
	}
	// In the form of secrets-distributor's log, from which the benchmark reads it.
	fmt.Printf("{\"time\":%q,\"message\":\"caches synced\"}\n", time.Now().UTC().Format(time.RFC3339Nano))
	go a.follow(watcher)
	<-ctx.Done()
	return nil
}

// process takes keys from a queue, one at a time, until the process ends.
func process(queue workqueue.RateLimitingInterface, body func(key string) error) {
	for {
		key, isOver := queue.Get()
		if isOver {
			return
		}
		if err := body(key.(string)); err != nil {
			if !errors.IsConflict(err) {
				log.Printf("%s: %v", key, err)
			}
			queue.AddRateLimited(key)
		} else {
			queue.Forget(key)
		}
		queue.Done(key)
	}
}

func (a *agent) add(key string) {
	a.lock.Lock()
	a.unfinished[key]++
	a.lock.Unlock()
	a.work.Add(key)
}

func (a *agent) adds(key string) int {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.unfinished[key]
}

// finish ends a key unless it was added again since it had been added `adds` times.
func (a *agent) finish(key string, adds int) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.unfinished[key] == adds {
		delete(a.unfinished, key)
	}
	if len(a.unfinished) == 0 {
		a.idle.Broadcast()
	}
}

func (a *agent) state() generation {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.current
}

// follow reads the mount after each swap and adds the distributions whose files have changed.
func (a *agent) follow(watcher *fsnotify.Watcher) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case event := <-watcher.Events:
			if filepath.Base(event.Name) == "..data" {
				timer.Reset(a.quiet)
			}
		case err := <-watcher.Errors:
			log.Print(err)
		case <-timer.C:
			next, err := read(a.mount)
			if err != nil {
				log.Print(err)
				timer.Reset(a.quiet)
				continue
			}
			last := a.state()
			a.lock.Lock()
			a.current = next
			a.lock.Unlock()
			for _, object := range a.distributions.GetStore().List() {
				for _, mapping := range mappings(object) {
					if !bytes.Equal(last.files[mapping.from], next.files[mapping.from]) {
						a.add(key(object))
						break
					}
				}
			}
		}
	}
}

// read reads all files of the generation that ..data points to.
func read(mount string) (generation, error) {
	target, err := os.Readlink(filepath.Join(mount, "..data"))
	if err != nil {
		return generation{}, err
	}
	entries, err := os.ReadDir(filepath.Join(mount, target))
	if err != nil {
		return generation{}, err
	}
	state := generation{target, map[string][]byte{}}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(mount, target, entry.Name()))
		if err != nil {
			return generation{}, err
		}
		state.files[entry.Name()] = content
	}
	return state, nil
}

type mapping struct{ from, to string }

func key(object interface{}) string {
	key, _ := cache.MetaNamespaceKeyFunc(object)
	return key
}

func spec(object interface{}) map[string]interface{} {
	spec, _, _ := unstructured.NestedMap(object.(*unstructured.Unstructured).Object, "spec")
	return spec
}

func mappings(object interface{}) []mapping {
	list, _, _ := unstructured.NestedFieldNoCopy(object.(*unstructured.Unstructured).Object, "spec", "secrets")
	items, _ := list.([]interface{})
	mappings := make([]mapping, 0, len(items))
	for _, item := range items {
		fields, _ := item.(map[string]interface{})
		from, _ := fields["from"].(string)
		to, _ := fields["to"].(string)
		mappings = append(mappings, mapping{from, to})
	}
	return mappings
}

// reconcile creates or updates the Secret of a distribution.
func (a *agent) reconcile(ctx context.Context, key string) error {
	object, exists, err := a.distributions.GetStore().GetByKey(key)
	if err != nil || !exists {
		return err
	}
	distribution := object.(*unstructured.Unstructured)
	name, _, _ := unstructured.NestedString(distribution.Object, "spec", "name")
	namespace, state := distribution.GetNamespace(), a.state()
	data := map[string][]byte{}
	for _, mapping := range mappings(distribution) {
		content, exists := state.files[mapping.from]
		if !exists {
			return fmt.Errorf("there is no file %s", mapping.from)
		}
		data[mapping.to] = content
	}
	labels := map[string]string{"app.kubernetes.io/managed-by": a.mark}
	annotations := map[string]string{
		domain + "/managedBy": a.mark, domain + "/distribution": key, domain + "/mountGeneration": state.name,
	}
	known, exists, err := a.targets.GetByKey(namespace + "/" + name)
	if err != nil {
		return err
	}
	if !exists {
		_, err := a.secrets.Secrets(namespace).Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels, Annotations: annotations},
			Type:       corev1.SecretTypeOpaque, Data: data,
		}, metav1.CreateOptions{})
		return err
	}
	if reflect.DeepEqual(known.(*corev1.Secret).Data, data) {
		return nil
	}
	secret := known.(*corev1.Secret).DeepCopy()
	if secret.Annotations[domain+"/managedBy"] != a.mark {
		return fmt.Errorf("secret %s/%s is not ours", namespace, name)
	}
	secret.Data = data
	for name, value := range annotations {
		secret.Annotations[name] = value
	}
	_, err = a.secrets.Secrets(namespace).Update(ctx, secret, metav1.UpdateOptions{})
	return err
}

// writeStatus writes the status of a distribution after all Secrets.
func (a *agent) writeStatus(ctx context.Context, key string) error {
	a.lock.Lock()
	for len(a.unfinished) > 0 {
		a.idle.Wait()
	}
	state := a.current
	a.lock.Unlock()
	object, exists, err := a.distributions.GetStore().GetByKey(key)
	if err != nil || !exists {
		return err
	}
	distribution := object.(*unstructured.Unstructured)
	stored, _, _ := unstructured.NestedString(distribution.Object, "status", "mountGeneration")
	if stored == state.name {
		return nil
	}
	now := time.Now().UTC().Format(time.RFC3339)
	name := key[strings.Index(key, "/")+1:]
	condition := func(kind, value, reason, message string) map[string]interface{} {
		return map[string]interface{}{
			"type": kind, "status": value, "reason": reason, "message": message, "lastTransitionTime": now,
			"observedGeneration": distribution.GetGeneration(),
		}
	}
	message := fmt.Sprintf("Secret %s is in sync (%d keys).", name, len(mappings(distribution)))
	patch, err := json.Marshal(map[string]interface{}{
		"metadata": map[string]interface{}{"resourceVersion": distribution.GetResourceVersion()},
		"status": map[string]interface{}{
			"conditions": []interface{}{condition("Ready", "True", "Synced", message)},
			"statusText": message, "lastUpdated": now, "mountGeneration": state.name,
			"observedGeneration": distribution.GetGeneration(),
		},
	})
	if err != nil {
		return err
	}
	_, err = a.client.Resource(resource).Namespace(distribution.GetNamespace()).Patch(
		ctx, distribution.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}
