package definitions

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// The content of cases.yaml. The fields of `spec` belong to the spec of a SecretsDistribution and to the template of a
// ClusterSecretsDistribution, those of `cluster` to the spec of a ClusterSecretsDistribution.
type cases struct {
	Spec    examples `json:"spec"`
	Cluster examples `json:"cluster"`
}

type examples struct {
	Valid   []map[string]any `json:"valid"`
	Invalid []invalid        `json:"invalid"`
}

// Fields of a spec that break exactly one rule.
type invalid struct {
	// The field that the rule belongs to, relative to the spec.
	Field   string         `json:"field"`
	Message string         `json:"message"`
	Spec    map[string]any `json:"spec"`
}

// of returns the objects for a kind that must be accepted, and those that must be rejected with the cause.
func (c cases) of(k kind) (valid []*unstructured.Unstructured, invalid map[*unstructured.Unstructured]string) {
	invalid = map[*unstructured.Unstructured]string{}
	place := strings.Join(k.spec, ".")
	for i, spec := range c.Spec.Valid {
		valid = append(valid, k.object(fmt.Sprintf("valid-%d", i), spec))
	}
	for i, example := range c.Spec.Invalid {
		invalid[k.object(fmt.Sprintf("invalid-%d", i), example.Spec)] =
			place + "." + example.Field + ": " + example.Message
	}
	if !k.isCluster() {
		return valid, invalid
	}
	template := map[string]any{"name": "a", "secrets": []any{map[string]any{"from": "a", "to": "a"}}}
	for i, spec := range c.Cluster.Valid {
		spec = maps.Clone(spec)
		spec["template"] = template
		valid = append(valid, k.objectWithSpec(fmt.Sprintf("cluster-valid-%d", i), spec))
	}
	for i, example := range c.Cluster.Invalid {
		spec := maps.Clone(example.Spec)
		spec["template"] = template
		invalid[k.objectWithSpec(fmt.Sprintf("cluster-invalid-%d", i), spec)] =
			"spec." + example.Field + ": " + example.Message
	}
	return valid, invalid
}

func readCases(t *testing.T) cases {
	t.Helper()
	all := cases{}
	read(t, "Tests/Definitions/cases.yaml", &all)
	return all
}

// structural returns the schema of a definition.
func structural(t *testing.T, k kind) *structuralschema.Structural {
	t.Helper()
	external := &apiextensionsv1.CustomResourceDefinition{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(k.definition(t).Object, external); err != nil {
		t.Fatal(err)
	}
	internal := &apiextensions.JSONSchemaProps{}
	err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		external.Spec.Versions[0].Schema.OpenAPIV3Schema, internal, nil)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := structuralschema.NewStructural(internal)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// visit calls the function for a schema and all schemas in it, with their places, such as "spec.secrets[]".
func visit(
	schema *structuralschema.Structural, place string, times uint64,
	do func(schema *structuralschema.Structural, place string, times uint64),
) {
	do(schema, place, times)
	for name, property := range schema.Properties {
		visit(&property, strings.TrimPrefix(place+"."+name, "."), times, do)
	}
	if schema.Items != nil {
		// The server's own estimate, of which this is the part that the definition sets.
		if schema.ValueValidation != nil && schema.ValueValidation.MaxItems != nil {
			times *= uint64(*schema.ValueValidation.MaxItems)
		}
		visit(schema.Items, place+"[]", times, do)
	}
}

// withoutIndices replaces the indices in a field by "[]".
func withoutIndices(field string) string {
	result := strings.Builder{}
	isIndex := false
	for _, character := range field {
		isIndex = isIndex && character != ']'
		if !isIndex {
			result.WriteRune(character)
		}
		isIndex = isIndex || character == '['
	}
	return result.String()
}

func sameTexts(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// The server accepts the definitions. It rejects definitions whose rules do not compile or cost too much, and defaults
// that are not valid.
func TestDefinitionsAreAccepted(t *testing.T) {
	for _, k := range kinds {
		k.install(t, k.definition(t))
		stored, err := client.Resource(definitionResource).Get(
			context.Background(), k.definition(t).GetName(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		versions := func(definition *unstructured.Unstructured) any {
			versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
			return versions[0].(map[string]any)["schema"]
		}
		if fmt.Sprint(versions(stored)) != fmt.Sprint(versions(k.definition(t))) {
			t.Errorf("%s: the server does not store the schema as it is", k.file)
		}
	}
}

// The rules compile with the functions of 1.25, the first version that has rules. The cost is what the server estimates.
// The limit here is a quarter of the server's, because the estimate of a rule can change with the server's version.
func TestCostsAreFarBelowTheLimits(t *testing.T) {
	for _, k := range kinds {
		total, count := uint64(0), 0
		environments := environment.MustBaseEnvSet(version.MajorMinor(1, 25))
		visit(structural(t, k), "", 1, func(schema *structuralschema.Structural, place string, times uint64) {
			results, err := cel.Compile(
				schema, model.SchemaDeclType(schema, false), celconfig.PerCallLimit, environments, cel.NewExpressionsEnvLoader())
			if err != nil {
				t.Fatalf("%s: %v", place, err)
			}
			for i, result := range results {
				rule := schema.XValidations[i]
				if result.Error != nil {
					t.Errorf("%s: %q: %v", place, rule.Rule, result.Error)
				}
				cost := result.MaxCost * times
				t.Logf("%10d  %s %s: %s", cost, k.name, place, rule.Message)
				if cost > validation.StaticEstimatedCostLimit/4 {
					t.Errorf("%s: %q costs %d", place, rule.Rule, cost)
				}
				total += cost
				count++
			}
		})
		t.Logf("%10d  %s: %d rules", total, k.name, count)
		if count == 0 || total > validation.StaticEstimatedCRDCostLimit/4 {
			t.Errorf("%s: %d rules cost %d", k.name, count, total)
		}
	}
}

// Each rule has an example that only it rejects.
func TestRules(t *testing.T) {
	all := readCases(t)
	for _, k := range kinds {
		k.install(t, k.definition(t))
		missing := map[string]bool{}
		visit(structural(t, k), "", 1, func(schema *structuralschema.Structural, place string, _ uint64) {
			for _, rule := range schema.XValidations {
				missing[place+": "+rule.Message] = true
			}
		})
		valid, invalid := all.of(k)
		for _, object := range valid {
			_, err := k.client().Create(context.Background(), object, strict)
			if err != nil {
				t.Errorf("%s: %v is rejected: %q", k.name, object.Object["spec"], causes(err))
			}
		}
		for object, expected := range invalid {
			_, err := k.client().Create(context.Background(), object, strict)
			switch {
			case err == nil:
				t.Errorf("%s: %v is accepted, expected %q", k.name, object.Object["spec"], expected)
			case !slices.Equal(causes(err), []string{expected}):
				t.Errorf("%s: %v is rejected with %q, expected %q", k.name, object.Object["spec"], causes(err), expected)
			}
			place, message, _ := strings.Cut(expected, ": ")
			delete(missing, withoutIndices(place)+": "+message)
		}
		for rule := range missing {
			t.Errorf("%s: no example breaks %s", k.name, rule)
		}
	}
}

// The largest resources that the schema permits do not exceed the server's budget for one request.
func TestLargeResourcesAreAccepted(t *testing.T) {
	path := strings.Repeat("a/", 511) + "ab"
	entries := []any{}
	for i := range 1000 {
		entries = append(entries, map[string]any{
			"from": path, "to": fmt.Sprintf("k%d", i), "passwordFrom": "p", "extract": "PrivateKey",
		})
	}
	variables := []any{}
	for i := range 100 {
		variables = append(variables, map[string]any{
			"name": fmt.Sprintf("v%d", i), "from": "a", "passwordFrom": "p", "extract": "PrivateKey",
		})
	}
	templates := []any{}
	for i := range 80 {
		templates = append(templates, map[string]any{"to": fmt.Sprintf("t%d", i), "template": "a", "with": variables})
	}
	generated := []any{}
	for i := range 1000 {
		generated = append(generated, map[string]any{
			"to": fmt.Sprintf("g%d", i), "generate": map[string]any{"kind": "EC", "size": 256, "pair": "p", "part": "Private"},
		})
	}
	for _, k := range kinds {
		k.install(t, k.definition(t))
		for name, entries := range map[string][]any{"paths": entries, "templates": templates, "generated": generated} {
			object := k.object("large-"+name, map[string]any{"secrets": entries})
			if _, err := k.client().Create(context.Background(), object, strict); err != nil {
				t.Errorf("%s with many %s: %.1000s", k.name, name, fmt.Sprint(err))
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	ctx := context.Background()
	for _, k := range kinds {
		k.install(t, k.definition(t))
		expected := map[string]any{}
		visit(structural(t, k), "", 1, func(schema *structuralschema.Structural, place string, _ uint64) {
			if schema.Default.Object != nil {
				expected[strings.TrimPrefix(place, strings.Join(k.spec, ".")+".")] = schema.Default.Object
			}
		})
		object := k.object("defaults", map[string]any{
			"secrets": []any{
				map[string]any{"from": "a", "to": "a"},
				map[string]any{"to": "b", "template": "${x}", "with": []any{map[string]any{"name": "x", "from": "x"}}},
			},
		})
		if _, err := k.client().Create(ctx, object, strict); err != nil {
			t.Fatal(err)
		}
		stored, err := k.client().Get(ctx, "defaults", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		spec, _, _ := unstructured.NestedMap(stored.Object, k.spec...)
		entries := spec["secrets"].([]any)
		template := entries[1].(map[string]any)
		found := map[string]any{
			"deletionPolicy":            spec["deletionPolicy"],
			"validation":                spec["validation"],
			"secrets[].optional":        entries[0].(map[string]any)["optional"],
			"secrets[].with[].optional": template["with"].([]any)[0].(map[string]any)["optional"],
		}
		if status := stored.Object["status"]; status != nil {
			found["status"] = status
		}
		if fmt.Sprint(found) != fmt.Sprint(expected) {
			t.Errorf("%s: the defaults are %v, expected %v", k.name, found, expected)
		}
		if spec["deletionPolicy"] != "Retain" || spec["validation"] != "Full" {
			t.Errorf("%s: the defaults are %v", k.name, spec)
		}
	}
}

// The server stores the statuses that the agent writes as they are, and does not replace them with the default: one that
// only an edit can help, and the one after that edit.
func TestStatus(t *testing.T) {
	ctx := context.Background()
	condition := func(name, status, reason string) map[string]any {
		return map[string]any{
			"type": name, "status": status, "reason": reason, "message": "a", "lastTransitionTime": "2024-01-01T00:00:00Z",
			"observedGeneration": 1,
		}
	}
	statuses := []map[string]any{
		{"observedGeneration": 1, "statusText": "a", "conditions": []any{
			condition("Ready", "False", "InvalidSpec"), condition("Stalled", "True", "InvalidSpec"),
		}},
		{"observedGeneration": 1, "statusText": "b", "conditions": []any{condition("Ready", "True", "Synced")}},
	}
	for _, k := range kinds {
		k.install(t, k.definition(t))
		object := k.object("status", map[string]any{"secrets": []any{map[string]any{"from": "a", "to": "a"}}})
		if _, err := k.client().Create(ctx, object, strict); err != nil {
			t.Fatal(err)
		}
		for _, status := range statuses {
			patch, err := json.Marshal(map[string]any{"status": status})
			if err != nil {
				t.Fatal(err)
			}
			stored, err := k.client().Patch(
				ctx, "status", types.MergePatchType, patch, metav1.PatchOptions{FieldValidation: "Strict"}, "status")
			if err != nil {
				t.Fatalf("%s: %s is rejected: %q", k.name, patch, causes(err))
			}
			if fmt.Sprint(stored.Object["status"]) != fmt.Sprint(status) {
				t.Errorf("%s: the status is %v, expected %v", k.name, stored.Object["status"], status)
			}
		}
	}
}

// Resources from before a rule existed can still be changed elsewhere, and the agent can write their status. Only a
// change of the field itself must follow the rule.
func TestRatcheting(t *testing.T) {
	ctx := context.Background()
	all := readCases(t)
	for _, k := range kinds {
		old := k.definition(t)
		removeRules(old.Object)
		k.install(t, old)
		_, invalid := all.of(k)
		names := map[*unstructured.Unstructured]string{}
		for object := range invalid {
			// The old definition may not be in use at once.
			name := "old-" + object.GetName()
			err := poll(func() error {
				object := object.DeepCopy()
				object.SetName(name)
				_, err := k.client().Create(ctx, object, strict)
				return err
			})
			if err != nil {
				t.Fatalf("%s without rules: %q", k.name, causes(err))
			}
			names[object] = name
		}
		k.install(t, k.definition(t))
		for object, expected := range invalid {
			err := poll(func() error {
				object := object.DeepCopy()
				object.SetName("new-" + object.GetName())
				_, err := k.client().Create(ctx, object, metav1.CreateOptions{DryRun: []string{"All"}})
				if err == nil {
					return fmt.Errorf("%v is accepted, expected %q", object.Object["spec"], expected)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s: %v", k.name, err)
			}
			patch := func(text string, subresources ...string) error {
				_, err := k.client().Patch(ctx, names[object], types.MergePatchType, []byte(text),
					metav1.PatchOptions{FieldValidation: "Strict"}, subresources...)
				return err
			}
			for _, unrelated := range []string{
				`{"metadata": {"labels": {"a": "b"}}}`,
				nested(k.spec, `{"deletionPolicy": "Delete"}`),
			} {
				if err := patch(unrelated); err != nil {
					t.Errorf("%s: %s of a resource with %q is rejected: %q", k.name, unrelated, expected, causes(err))
				}
			}
			if err := patch(`{"status": {"statusText": "a"}}`, "status"); err != nil {
				t.Errorf("%s: a status of a resource with %q is rejected: %q", k.name, expected, causes(err))
			}
		}
		// The field itself: it changes, and stays invalid.
		object := k.object("old-path", map[string]any{"secrets": []any{map[string]any{"from": "a/../b", "to": "a"}}})
		k.install(t, old)
		if err := poll(func() error { _, err := k.client().Create(ctx, object, strict); return err }); err != nil {
			t.Fatal(err)
		}
		k.install(t, k.definition(t))
		change := func(from string) error {
			text := nested(k.spec, fmt.Sprintf(`{"secrets": [{"from": %q, "to": "a"}]}`, from))
			_, err := k.client().Patch(ctx, "old-path", types.MergePatchType, []byte(text), metav1.PatchOptions{})
			return err
		}
		if err := poll(func() error {
			if change("a/../c") == nil {
				return fmt.Errorf("another invalid path is accepted")
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
		if err := change("a/c"); err != nil {
			t.Errorf("%s: a valid path is rejected: %q", k.name, causes(err))
		}
	}
}

var strict = metav1.CreateOptions{FieldValidation: "Strict"}

// nested returns a JSON object with the text at the path.
func nested(path []string, text string) string {
	for _, key := range slices.Backward(path) {
		text = fmt.Sprintf(`{%q: %s}`, key, text)
	}
	return text
}

func removeRules(value any) {
	switch value := value.(type) {
	case map[string]any:
		delete(value, "x-kubernetes-validations")
		for _, member := range value {
			removeRules(member)
		}
	case []any:
		for _, element := range value {
			removeRules(element)
		}
	}
}
