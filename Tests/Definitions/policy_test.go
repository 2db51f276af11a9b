package definitions

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

const (
	agent = "system:serviceaccount:secrets-distributor:secrets-distributor"
	mark  = "xlscsde.nhs.uk/managedBy"
)

// policy reads the admission policy, the first document of its file.
func policy(t *testing.T) *admissionregistration.ValidatingAdmissionPolicy {
	t.Helper()
	path := filepath.Join(*repository, "sidecar-example/guard/policy.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	policy := &admissionregistration.ValidatingAdmissionPolicy{}
	if err := yaml.UnmarshalStrict(bytes.Split(text, []byte("\n---\n"))[0], policy); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return policy
}

// validator compiles the policy as the API server's admission plugin does, with the functions of 1.30, the first version
// that has policies.
func validator(t *testing.T, policy *admissionregistration.ValidatingAdmissionPolicy) validating.Validator {
	t.Helper()
	base := environment.MustBaseEnvSet(version.MajorMinor(1, 30))
	compiler, err := cel.NewCompositedCompiler(base)
	if err != nil {
		t.Fatal(err)
	}
	declarations := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	compile := func(accessors []cel.ExpressionAccessor) cel.ConditionEvaluator {
		for _, accessor := range accessors {
			// What a server accepts on creation.
			compiled := compiler.CompileCELExpression(accessor, declarations, environment.NewExpressions)
			if compiled.Error != nil {
				t.Fatalf("%s: %v", accessor.GetExpression(), compiled.Error)
			}
		}
		return compiler.CompileCondition(accessors, declarations, environment.NewExpressions)
	}
	conditions := []cel.ExpressionAccessor{}
	for _, condition := range policy.Spec.MatchConditions {
		conditions = append(conditions, (*matchconditions.MatchCondition)(&condition))
	}
	validations := []cel.ExpressionAccessor{}
	for _, validation := range policy.Spec.Validations {
		validations = append(validations, &validating.ValidationCondition{
			Expression: validation.Expression, Message: validation.Message, Reason: validation.Reason,
		})
	}
	matcher := matchconditions.NewMatcher(
		compile(conditions), policy.Spec.FailurePolicy, "policy", "validate", policy.Name)
	return validating.NewValidator(
		compile(validations), matcher, compile(nil), compile(nil), policy.Spec.FailurePolicy, nil)
}

// secret returns a Secret; "" as owner means no annotations.
func secret(owner, kind string) *core.Secret {
	secret := &core.Secret{Type: core.SecretType(kind)}
	secret.Name, secret.Namespace = "a", "default"
	secret.APIVersion, secret.Kind = "v1", "Secret"
	if owner != "" {
		secret.Annotations = map[string]string{"other": "", mark: owner}
	}
	return secret
}

func TestGuard(t *testing.T) {
	policy := policy(t)
	if len(policy.Spec.Validations) != 3 || policy.Spec.Validations[0].Message == "" {
		t.Fatalf("expected three validations with messages: %+v", policy.Spec.Validations)
	}
	validator := validator(t, policy)
	written, changed, typed := policy.Spec.Validations[0].Message, policy.Spec.Validations[1].Message,
		policy.Spec.Validations[2].Message
	unmarked := secret("", "Opaque")
	unmarked.Annotations = map[string]string{"other": ""}
	ours := secret("secrets-distributor", "Opaque")
	cases := []struct {
		name     string
		user     string
		old, new *core.Secret
		// The messages with which the request is refused.
		denied []string
	}{
		{"creates its own", agent, nil, ours, nil},
		{"creates its own without a type", agent, nil, secret("secrets-distributor", ""), nil},
		{"creates its own for TLS", agent, nil, secret("secrets-distributor", "kubernetes.io/tls"), nil},
		{"updates its own", agent, ours, ours, nil},
		{"deletes its own", agent, ours, nil, nil},
		{"creates one without annotations", agent, nil, secret("", "Opaque"), []string{written}},
		{"creates one without the mark", agent, nil, unmarked, []string{written}},
		{"creates one of another instance", agent, nil, secret("other", "Opaque"), []string{written}},
		{"adopts one without annotations", agent, secret("", "Opaque"), ours, []string{changed}},
		{"adopts one without the mark", agent, unmarked, ours, []string{changed}},
		{"adopts one of another instance", agent, secret("other", "Opaque"), ours, []string{changed}},
		{"removes the mark", agent, ours, unmarked, []string{written}},
		{"updates one without the mark", agent, unmarked, unmarked, []string{written, changed}},
		{"deletes one without annotations", agent, secret("", "Opaque"), nil, []string{changed}},
		{"deletes one without the mark", agent, unmarked, nil, []string{changed}},
		{"deletes one of another instance", agent, secret("other", "Opaque"), nil, []string{changed}},
		{"creates a service account's token", agent, nil,
			secret("secrets-distributor", "kubernetes.io/service-account-token"), []string{typed}},
		{"creates a node's token", agent, nil,
			secret("secrets-distributor", "bootstrap.kubernetes.io/token"), []string{typed}},
		{"another account creates any", "system:serviceaccount:default:other", nil,
			secret("", "kubernetes.io/service-account-token"), nil},
		{"another account deletes any", "system:serviceaccount:default:other", secret("", "Opaque"), nil, nil},
	}
	resource := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	secretKind := schema.GroupVersionKind{Version: "v1", Kind: "Secret"}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			operation := admission.Update
			var object, old runtime.Object
			switch {
			case c.old == nil:
				operation = admission.Create
			case c.new == nil:
				operation = admission.Delete
			}
			if c.new != nil {
				object = c.new
			}
			if c.old != nil {
				old = c.old
			}
			attributes := admission.NewAttributesRecord(object, old, secretKind, "default", "a", resource, "", operation,
				&metav1.CreateOptions{}, false, &user.DefaultInfo{Name: c.user})
			versioned, err := admission.NewVersionedAttributes(
				attributes, secretKind, admission.NewObjectInterfacesFromScheme(scheme.Scheme))
			if err != nil {
				t.Fatal(err)
			}
			result := validator.Validate(context.Background(), resource, versioned, nil,
				&core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, celconfig.RuntimeCELCostBudget, nil)
			denied := []string{}
			for _, decision := range result.Decisions {
				if decision.Evaluation == validating.EvalError {
					t.Errorf("evaluation fails: %s", decision.Message)
				}
				if decision.Action == validating.ActionDeny {
					denied = append(denied, decision.Message)
				}
			}
			if !sameTexts(denied, c.denied) {
				t.Errorf("is refused with %q, expected %q", denied, c.denied)
			}
			if isAgent := c.user == agent; isAgent != (len(result.Decisions) == 3) {
				t.Errorf("%d validations ran for %s", len(result.Decisions), c.user)
			}
		})
	}
}
