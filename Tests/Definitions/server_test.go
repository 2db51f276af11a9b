// Package definitions tests the resource definitions and the guard's admission policy with the code of a current API
// server. Tests/Tools/definition-test builds and runs it.
package definitions

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

var (
	repository = flag.String("repository", "", "the folder with the resource definitions and the cases")
	etcd       = flag.String("etcd", "", "the etcd that stores the resources")
)

// The client of the server that all tests share.
var client dynamic.Interface

var definitionResource = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

func TestMain(m *testing.M) {
	flag.Parse()
	status, err := runWithServer(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func runWithServer(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "definitions")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return 0, err
	}
	klog.LogToStderr(false)
	klog.SetOutput(log)
	endpoint, stopEtcd, err := startEtcd(folder, log)
	if err != nil {
		return 0, err
	}
	defer stopEtcd()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped, err := startServer(ctx, folder, endpoint)
	if err != nil {
		klog.Flush()
		text, _ := os.ReadFile(log.Name())
		return 0, fmt.Errorf("the server does not start: %w\n%s", err, text)
	}
	fmt.Println("API server:", compatibility.DefaultBuildEffectiveVersion().BinaryVersion())
	status := m.Run()
	cancel()
	<-stopped
	return status, nil
}

// startEtcd starts etcd on free ports, and returns its URL.
func startEtcd(folder string, log io.Writer) (string, func(), error) {
	listeners := []net.Listener{}
	urls := []string{}
	for range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, err
		}
		listeners = append(listeners, listener)
		urls = append(urls, "http://"+listener.Addr().String())
	}
	for _, listener := range listeners {
		listener.Close()
	}
	process := exec.Command(*etcd, "--data-dir", filepath.Join(folder, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", urls[0], "--advertise-client-urls", urls[0],
		"--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1], "--initial-cluster", "default="+urls[1])
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		return "", nil, fmt.Errorf("etcd does not start: %w", err)
	}
	return urls[0], func() {
		process.Process.Kill()
		process.Wait()
	}, nil
}

// startServer starts an apiextensions server without authentication, authorization and admission, and waits until it
// serves requests. The channel is closed when it has stopped.
func startServer(ctx context.Context, folder, etcd string) (<-chan struct{}, error) {
	// It has no other API server, but the options require a client configuration.
	kubeconfig := filepath.Join(folder, "kubeconfig")
	err := os.WriteFile(kubeconfig, []byte(`{"apiVersion": "v1", "kind": "Config", "current-context": "none",
		"clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
		"contexts": [{"name": "none", "context": {"cluster": "none", "user": ""}}]}`), 0o600)
	if err != nil {
		return nil, err
	}
	server := options.NewCustomResourceDefinitionsServerOptions(io.Discard, io.Discard)
	recommended := server.RecommendedOptions
	recommended.Etcd.StorageConfig.Transport.ServerList = []string{etcd}
	recommended.Authentication, recommended.Authorization, recommended.Admission = nil, nil, nil
	recommended.CoreAPI.CoreAPIKubeconfigPath = kubeconfig
	recommended.Features.EnablePriorityAndFairness = false
	recommended.SecureServing.ServerCert.CertDirectory = folder
	recommended.SecureServing.BindAddress = net.IPv4(127, 0, 0, 1)
	recommended.SecureServing.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	recommended.SecureServing.BindPort = recommended.SecureServing.Listener.Addr().(*net.TCPAddr).Port
	if err := server.Complete(); err != nil {
		return nil, err
	}
	config, err := server.Config()
	if err != nil {
		return nil, err
	}
	config.GenericConfig.SharedInformerFactory = nil
	completed, err := config.Complete().New(genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, err
	}
	stopped := make(chan struct{})
	failure := make(chan error, 1)
	go func() {
		defer close(stopped)
		failure <- completed.GenericAPIServer.PrepareRun().RunWithContext(ctx)
	}()
	loopback := completed.GenericAPIServer.LoopbackClientConfig
	client, err = dynamic.NewForConfig(loopback)
	if err != nil {
		return nil, err
	}
	requests, err := rest.HTTPClientFor(loopback)
	if err != nil {
		return nil, err
	}
	return stopped, poll(func() error {
		select {
		case err := <-failure:
			return fmt.Errorf("it stopped: %w", err)
		default:
		}
		response, err := requests.Get(loopback.Host + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("readyz: %s", response.Status)
		}
		return nil
	})
}

// poll repeats an attempt until it succeeds, for at most one minute, and returns its last error.
func poll(attempt func() error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := attempt()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// read decodes a YAML file of the repository.
func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(*repository, path))
	if err == nil {
		err = yaml.UnmarshalStrict(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// A kind of distribution.
type kind struct {
	name string
	// The file of its definition.
	file     string
	resource schema.GroupVersionResource
	// Where the fields of SecretsDistribution's spec are.
	spec []string
}

var kinds = []kind{
	{
		name: "SecretsDistribution", file: "sidecar-example/crd.yaml", spec: []string{"spec"},
		resource: schema.GroupVersionResource{
			Group: "xlscsde.nhs.uk", Version: "v1", Resource: "secretsdistributions",
		},
	},
	{
		name: "ClusterSecretsDistribution", file: "sidecar-example/cluster-crd.yaml", spec: []string{"spec", "template"},
		resource: schema.GroupVersionResource{
			Group: "xlscsde.nhs.uk", Version: "v1", Resource: "clustersecretsdistributions",
		},
	},
}

func (k kind) isCluster() bool { return len(k.spec) == 2 }

func (k kind) client() dynamic.ResourceInterface {
	if k.isCluster() {
		return client.Resource(k.resource)
	}
	return client.Resource(k.resource).Namespace("default")
}

// object returns a resource whose spec, or template, has these fields; its name defaults to "a".
func (k kind) object(name string, fields map[string]any) *unstructured.Unstructured {
	fields = clone(fields)
	if _, isSet := fields["name"]; !isSet {
		fields["name"] = "a"
	}
	spec := fields
	if k.isCluster() {
		spec = map[string]any{"namespaces": []any{"*"}, "template": fields}
	}
	return k.objectWithSpec(name, spec)
}

func (k kind) objectWithSpec(name string, spec map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": name}
	if !k.isCluster() {
		metadata["namespace"] = "default"
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": k.resource.GroupVersion().String(), "kind": k.name, "metadata": metadata, "spec": clone(spec),
	}}
}

// definition returns the definition of the kind as in its file.
func (k kind) definition(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	definition := map[string]any{}
	read(t, k.file, &definition)
	return &unstructured.Unstructured{Object: clone(definition)}
}

// install creates or replaces the definition, and waits until it is served.
func (k kind) install(t *testing.T, definition *unstructured.Unstructured) {
	t.Helper()
	ctx := context.Background()
	resource := client.Resource(definitionResource)
	_, err := resource.Create(ctx, definition, metav1.CreateOptions{FieldValidation: "Strict"})
	if apierrors.IsAlreadyExists(err) {
		err = poll(func() error {
			current, err := resource.Get(ctx, definition.GetName(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			next := definition.DeepCopy()
			next.SetResourceVersion(current.GetResourceVersion())
			_, err = resource.Update(ctx, next, metav1.UpdateOptions{FieldValidation: "Strict"})
			return err
		})
	}
	if err != nil {
		t.Fatalf("the server refuses %s: %v", k.file, err)
	}
	err = poll(func() error {
		current, err := resource.Get(ctx, definition.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(current.Object, "status", "conditions")
		for _, condition := range conditions {
			condition := condition.(map[string]any)
			if condition["type"] == "NonStructuralSchema" && condition["status"] == "True" {
				t.Fatalf("%s is not a structural schema: %v", k.file, condition["message"])
			}
			if condition["type"] == "Established" && condition["status"] == "True" {
				_, err := k.client().List(ctx, metav1.ListOptions{})
				return err
			}
		}
		return errors.New("is not established")
	})
	if err != nil {
		t.Fatalf("%s: %v", k.file, err)
	}
}

// clone returns a copy as the API server's decoder would read it, with int64 for whole numbers.
func clone(object map[string]any) map[string]any {
	text, err := utiljson.Marshal(object)
	if err != nil {
		panic(err)
	}
	copy := &unstructured.Unstructured{Object: map[string]any{}}
	err = utiljson.Unmarshal(text, &copy.Object)
	if err != nil {
		panic(err)
	}
	return copy.Object
}

// causes returns the fields and messages with which the server rejects a resource.
func causes(err error) []string {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return []string{fmt.Sprint(err)}
	}
	all := []string{}
	for _, cause := range status.Status().Details.Causes {
		// "Invalid value: message", or with the value in quotes before the message.
		message := strings.TrimPrefix(cause.Message, "Invalid value: ")
		if value, err := strconv.QuotedPrefix(message); err == nil {
			message = strings.TrimPrefix(message[len(value):], ": ")
		}
		all = append(all, cause.Field+": "+message)
	}
	return all
}
